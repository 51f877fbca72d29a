import { expect, it } from "vitest";
import { spanOf, tableOf } from "@/parts/picture";
import { chanceWords, inPoints, isFair, known, type Look, marksOf, money, rowsOf, signed } from "./figures";

const none = { estimate: null, low: null, high: null };
const said = { estimate: 0.2, low: -0.1, high: 0.5 };
const compared = (group: string, goal: typeof said | typeof none) => ({
  group,
  control: "control",
  verdict: "keep going" as const,
  doubt: null,
  goal,
  rates: none,
  revenue: none,
  measure: null,
  more_days: null,
  more_customers: null,
});
const looks: Look[] = [
  { day: "2026-03-01", comparisons: [compared("a", none), compared("b", said)] },
  { day: "2026-03-02", comparisons: [compared("a", said), compared("b", said)] },
];

it("a day on which nothing could be said has no mark", () => {
  expect(marksOf(looks, "a")).toEqual([{ label: "03-02", value: 0.2, low: -0.1, high: 0.5 }]);
  expect(marksOf(looks, "b")).toHaveLength(2);
  expect(known(none)).toBeUndefined();
});

it("rows keep the numbers, and what can't be said is empty", () => {
  expect(rowsOf(looks, ["day", "group", "lift", "low", "high"])[1]).toEqual(["2026-03-01", "a", "", "", ""]);
  expect(decodeURIComponent(tableOf([["a,b", 'c"d', 1]]))).toBe('data:text/csv;charset=utf-8,\uFEFF"a,b","c""d",1\r\n');
});

it("a drawing reaches from zero to all its ends", () => {
  expect(spanOf(marksOf(looks, "b"))).toEqual([-0.1, 0.5]);
  expect(spanOf([{ label: "x", value: 3 }])).toEqual([0, 3]);
  expect(spanOf([])).toEqual([0, 1]);
});

it.each([
  [0.1234, "+12.3%"],
  [-0.05, "−5.0%"],
])("%s reads %s", (part, words) => {
  expect(signed(part)).toBe(words);
  expect(`${inPoints(part)}%`).toBe(words);
});

it("money has its sign, and sizes are fair down to one in a thousand", () => {
  expect([money(120), money(-123456)]).toEqual(["+¥1.20", "−¥1,234.56"]);
  expect([isFair(0.001), isFair(0.0009)]).toEqual([true, false]);
});

it.each([
  [1, "100%"],
  [0.43, "43%"],
  [0.0009, "0.09%"],
  [0.00001, "<0.01%"],
])("a chance of %s reads %s", (chance, words) => {
  expect(chanceWords(chance)).toBe(words);
});
