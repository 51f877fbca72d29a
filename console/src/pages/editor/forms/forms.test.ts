import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { FUNCTIONS, MEASURE } from "@/parts/conditions/Measure";
import { OPERATORS } from "@/parts/conditions/Comparison";
import { KEYS as CONDITIONS } from "@/parts/conditions/Condition";
import { HEAD } from "./HeadForm";
import { ELSEWHERE, FORMS } from "./verbs";
import { BEGIN, wayOf } from "./WaitForm";
import { RECEIPTS } from "./WaitedFor";

// What draws isn't needed here, and takes long to load.
vi.mock("antd", () => ({}));
vi.mock("@ant-design/icons", () => ({}));
vi.mock("@/parts/preferences", () => ({}));
vi.mock("@/api/client", () => ({}));

interface Model {
  properties?: Record<string, unknown>;
  required?: string[];
}
const file = new URL("../../../../../journey_specs/journey.schema.json", import.meta.url);
const grammar = JSON.parse(readFileSync(file, "utf8")) as Model & { $defs: Record<string, Model> };
const keys = (model: Model | undefined) => Object.keys(model?.properties ?? {}).sort();
const verbs = Object.entries(grammar.$defs).filter(([name]) => name.endsWith("Step"));

it.each(verbs)("no key of %s lacks its field in a form", (name, model) => {
  const verb = name.replace(/Step$/, "").replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase(); // prettier-ignore
  const written = keys(model).filter((key) => !ELSEWHERE.includes(key) || key === verb);
  expect(Object.keys(FORMS[verb] ?? {}).sort()).toEqual(written);
});

it("every verb has a form", () => {
  expect(Object.keys(FORMS).length).toBe(verbs.length);
});

it("no key of a journey lacks its field, but its name and its steps", () => {
  expect(Object.keys(HEAD).sort()).toEqual(keys(grammar).filter((key) => !["journey", "steps"].includes(key)));
});

it("every condition, comparison, measure and receipt can be chosen", () => {
  const conditions = Object.entries(grammar.$defs).filter(([name]) => name.endsWith("Condition"));
  for (const [name, model] of conditions)
    expect(
      keys(model).filter((key) => !CONDITIONS.includes(key) && !(OPERATORS as readonly string[]).includes(key)),
      name,
    ).toEqual([]);
  expect([...OPERATORS].sort()).toEqual(keys(grammar.$defs.Comparison));
  expect([...FUNCTIONS, ...MEASURE].sort()).toEqual(keys(grammar.$defs.Measure));
  expect([...RECEIPTS].sort()).toEqual(keys(grammar.$defs.Receipt));
});

it.each(Object.entries(BEGIN))("a wait of the way %s is shown as what it is", (way, written) => {
  expect(wayOf(written)).toBe(way);
});
