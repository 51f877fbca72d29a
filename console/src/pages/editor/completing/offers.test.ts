import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import type { Vocabulary } from "../steps";
import { offersAt } from "./offers";

vi.mock("@/api/client", () => ({}));

const file = new URL("../../../../../journey_specs/journey.schema.json", import.meta.url);
const word = (name: string) => ({ name, called: name, kind: null, choices: [] });
const shop = {
  grammar: JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>,
  verbs: [{ verb: "send", noun: "发送" }],
  templates: [
    { template: "hello", channels: ["sms"] },
    { template: "guide", channels: ["wecom", "wechat"] },
  ],
  campaigns: [{ name: "minus5", called: "立减5元" }],
  segments: [{ name: "常客", called: "常客" }],
  tags: [{ name: "vip", called: "vip" }],
  measures: [],
  webhooks: ["erp"],
  days: [],
  events: [
    { event: "order.paid", called: "已下单", business: false, fields: [word("total"), word("items.sku")] },
    { event: "cart.cleared", called: "清空", business: false, fields: [word("cart_id")] },
  ],
  fields: [word("customer.city")],
} satisfies Vocabulary;

const HEAD = "journey: a\ntrigger: {event: order.paid}\nentry: {again: never}\nsteps:\n";
/** What is offered at the bar in a text. */
function offered(text: string): string[] {
  const position = text.indexOf("|");
  return offersAt(text.replace("|", ""), position, shop)?.offers.map(({ label }) => label) ?? [];
}

it.each([
  ["a journey's keys that aren't written yet", "journey: a\n|", ["trigger", "goal"], ["journey", "send"]],
  ["keys of a trigger", "trigger:\n  |", ["event", "schedule", "for_each", "where"], ["id", "steps"]],
  ["keys of a trigger that is an event", "trigger: {event: order.paid, |}", ["where"], ["schedule", "event"]],
  ["verbs where a step begins", `${HEAD}  - |`, ["send", "wait", "wait_for", "id"], ["trigger", "field"]],
  ["verbs by their first letters", `${HEAD}  - se|`, ["send", "set"], ["journey"]],
  ["keys of the verb alone", `${HEAD}  - id: x\n    send: hello\n    |`, ["via", "coupon", "kind"], ["send", "within", "wait"]],
  ["keys of the verb that stands behind", `${HEAD}  - |\n    within: 3d\n    wait_for: {clicked: x}\n`, ["then", "on", "id"], ["via", "within"]],
  ["keys of a verb in braces", `${HEAD}  - {id: x, send: hello, |}`, ["via", "expires"], ["id", "then"]],
  ["keys of a list that isn't further in", `${HEAD}- id: x\n  todo: call\n  |`, ["assign", "due"], ["via", "todo"]],
  ["keys of a step in a branch", `${HEAD}  - if: {tag: vip}\n    then:\n      - id: x\n        send: hello\n        |`, ["via"], ["else", "due"]],
  ["keys of the step around a branch", `${HEAD}  - if: {tag: vip}\n    then:\n      - wait: 1d\n    |`, ["else", "id"], ["via", "then"]],
  ["comparisons", `${HEAD}  - if: {field: customer.city, |`, ["is", "in"], ["tag", "field", "send"]],
  ["channels of caps", "policy:\n  caps:\n    |", ["sms", "all"], ["holdout"]],
] as const)("%s", (_, text, has, lacks) => {
  const all = offered(text);
  expect(all).toEqual(expect.arrayContaining([...has]));
  for (const each of lacks) expect(all).not.toContain(each);
}); // prettier-ignore

it.each([
  ["templates", `${HEAD}  - id: x\n    send: |`, ["hello", "guide"]],
  ["channels that the template has", `${HEAD}  - {id: x, send: guide, via: [|]}`, ["wecom", "wechat"]],
  ["channels in a list", `${HEAD}  - id: x\n    send: hello\n    via:\n      - |`, ["sms"]],
  ["coupons", `${HEAD}  - coupon: |`, ["minus5"]],
  ["segments", "audience: {segment: |}", ["常客"]],
  ["segments that it is for", "trigger:\n  schedule: every day at 09:00\n  for_each: |", ["segment:常客", "birthday"]],
  ["tags", `${HEAD}  - untag: |`, ["vip"]],
  ["webhooks", `${HEAD}  - id: x\n    webhook: |`, ["erp"]],
  ["events", "trigger: {event: |", ["order.paid", "cart.cleared"]],
  ["steps that something comes back from", `${HEAD}  - {id: hi, send: hello, via: [sms]}\n  - wait_for: {clicked: |}`, ["hi"]],
  ["constants", `${HEAD}  - id: x\n    send: hello\n    kind: |`, ["marketing", "transactional"]],
  ["ways to enter again", "entry: {again: |}", ["never", "always", "restart"]],
  ["spans as they are written", `${HEAD}  - wait: |`, ["3d"]],
  ["fields of the trigger in a step", `${HEAD}  - if: {field: |`, ["trigger.total", "customer.city"]],
  ["fields of the event in view", "trigger: {event: order.paid, where: {field: |", ["event.total"]],
  ["fields of another event, and of the trigger", "trigger: {event: order.paid}\nexit:\n  - event: cart.cleared\n    where: {field: |", ["event.cart_id", "trigger.total"]],
  ["fields of the items of a list", `${HEAD}  - if: {some: trigger.items, where: {field: |`, ["item.sku"]],
] as const)("names: %s", (_, text, has) => {
  expect(offered(text)).toEqual(expect.arrayContaining([...has]));
}); // prettier-ignore

it("nothing of the grammar is offered in plain texts and comments", () => {
  expect(offered("journey: a\nname: |")).toEqual([]);
  expect(offered("journey: |")).toEqual([]);
});
