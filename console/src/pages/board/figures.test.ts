import { describe, expect, it } from "vitest";
import { change, endOf, filled, type Metric, rowsOf, SHOWN, startOf, worded } from "./figures";

const metric = (unit: Metric["unit"], name = "m"): Metric => ({
  name,
  zh: "",
  en: "",
  means_zh: "",
  means_en: "",
  unit,
  parts: [],
  of: null,
});
const point = (day: string, numerator: number, denominator: number | null = null) => ({
  day,
  numerator,
  denominator,
  value: denominator === null ? numerator : numerator / denominator,
  show: null,
});

describe("periods", () => {
  it.each([
    ["2026-03-02", "day", 2, "2026-02-28"],
    ["2026-03-04", "week", 0, "2026-03-02"],
    ["2026-03-01", "week", 0, "2026-02-23"],
    ["2026-03-02", "week", 9, "2025-12-29"],
    ["2026-03-31", "month", 1, "2026-02-01"],
    ["2026-01-31", "month", 13, "2024-12-01"],
  ] as const)("%s by %s, %i back: %s", (day, by, back, start) => {
    expect(startOf(day, by, back)).toBe(start);
  });
});

describe("points", () => {
  it("are told of every period, nothing being 0 of a count and no number of a share", () => {
    const counts = filled([point("2026-03-01", 4)], metric("count"), "2026-03-02", "day");
    expect(counts).toHaveLength(SHOWN.day);
    expect(counts.slice(-3).map((each) => each.value)).toEqual([0, 4, 0]);
    const shares = filled([point("2026-03-01", 1, 2)], metric("share"), "2026-03-02", "day");
    expect(shares.slice(-3).map((each) => each.value)).toEqual([null, 0.5, null]);
  });
  it("are compared with the one before, once both are over", () => {
    const told = filled(
      [point("2026-02-28", 8), point("2026-03-01", 6), point("2026-03-02", 1)],
      metric("count"),
      "2026-03-02",
      "day",
    );
    expect(change(told)).toBe(-0.25);
    expect(change(filled([], metric("count"), "2026-03-02", "day"))).toBeNull();
  });
  it("are written for spreadsheets", () => {
    const [told] = filled([], metric("share"), "2026-03-02", "day");
    const heads = ["从", "值", "分子", "分母"];
    expect(rowsOf(told ? [told] : [], heads)).toEqual([heads, ["2026-02-01", "", 0, ""]]);
    expect(endOf("2026-02-28", "day")).toBe("2026-03-01");
    expect(endOf("2025-12-01", "month")).toBe("2026-01-01");
  });
});

it.each([
  [null, "count", "–"],
  [1234.4, "count", "1,234"],
  [123456789, "fen", "¥1,234,568"],
  [1250, "fen", "¥12.5"],
  [0.1234, "share", "12.3%"],
  [12.34, "days", "12.3"],
] as const)("%s of %s reads %s", (value, unit, words) => {
  expect(worded(value, unit)).toBe(words);
});
