import { expect, it } from "vitest";
import { capOf, capText, hoursOf, percentOf, spanOf, spanText, validityOf, withoutYuan, withYuan } from "./written";

it.each([
  ["90m", 90, "m"],
  ["3 d", 3, "d"],
  ["1 show", 1, "shows"],
  ["3 shows", 3, "shows"],
  ["2w", 2, "w"],
] as const)("%s is a span, and is written again as one", (text, amount, unit) => {
  expect(spanOf(text)).toEqual({ amount, unit });
  expect(spanOf(spanText(amount, unit))).toEqual({ amount, unit });
});

it.each(["", "soon", "0d", "1.5h", "3 days", "1d at 10:00"])("%s is no span", (text) => {
  expect(spanOf(text)).toBeUndefined();
});

it("caps are so many in so many days, and where it may be ever, without days", () => {
  expect(capOf("2 per 7d")).toEqual({ most: 2, days: 7 });
  expect(capOf("2")).toBeUndefined();
  expect(capOf("2", true)).toEqual({ most: 2, days: null });
  expect(capOf("often")).toBeUndefined();
  expect([capText(2, 7), capText(1, null)]).toEqual(["2 per 7d", "1"]);
});

it("hours, shares and money are read with their units", () => {
  expect(hoursOf("9:00-21:30")).toEqual(["09:00", "21:30"]);
  expect(hoursOf("sunday")).toBeUndefined();
  expect([percentOf("12.5%"), percentOf("5")]).toEqual([12.5, undefined]);
  expect([withoutYuan("59.90元"), withoutYuan("many")]).toEqual(["59.90", "many"]);
  expect([withYuan("59"), withYuan("59元"), withYuan("a lot")]).toEqual(["59元", "59元", "a lot"]);
});

it("a coupon holds for a span, to the end of its last day or not, or until a day", () => {
  expect(validityOf("30d to the end of the day")).toEqual({ span: "30d", whole: true, day: undefined });
  expect(validityOf("2w")).toEqual({ span: "2w", whole: false, day: undefined });
  expect(validityOf("until 2026-12-31")?.day).toBe("2026-12-31");
  expect(validityOf("for long")).toBeUndefined();
});
