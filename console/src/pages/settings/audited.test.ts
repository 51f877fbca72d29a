import { expect, it } from "vitest";
import { parted, told } from "./audited";

const WORDS = {
  comma: "，",
  colon: "：",
  fields: { state: "状态", version: "版本", roles: "角色", name: "名称" },
  values: { live: "运行中", admin: "管理员", guide: "导购", false: "否" },
};

it.each([
  [null, ""],
  [{ state: "live", version: 3 }, "状态：运行中，版本：3"],
  [{ roles: ["admin", "guide"] }, "角色：管理员 导购"],
  [{ name: "live" }, "名称：live"],
  [{ active: false, later: null }, "active：否，later：—"],
  [{ when: { field: "x" } }, 'when：{"field":"x"}'],
  [{ sha256: '"0123456789abcdef"' }, "sha256：01234567"],
])("what differs is told in words, and what has none as it is: %j", (values, sentence) => {
  expect(told(values, WORDS)).toBe(sentence);
});

it.each([
  ["journey:cart", ["journey", "cart"]],
  ["text:thanks/sms:1", ["text", "thanks/sms:1"]],
  ["counts", ["counts", ""]],
])("a reference is a kind and a name: %s", (reference, parts) => {
  expect(parted(reference)).toEqual(parts);
});
