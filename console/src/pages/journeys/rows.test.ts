import { describe, expect, it } from "vitest";
import { filterOf, matching, percent, rowOf } from "./rows";

const DAY = { day: "2026-03-02", entered: 2, sent: 3, goals: 1 };
const journey = (name: string, title: string, running: Record<string, number> = {}, version = 1) =>
  rowOf({
    journey: name,
    title,
    version,
    state: "live",
    running,
    last: null,
    days: [DAY, DAY],
    lift: null,
    holdout: 0,
  });

describe("those inside", () => {
  it("are counted over all versions, the older ones also by themselves", () => {
    expect(journey("cart", "弃购", { "1": 3, "2": 4, "3": 10 }, 3)).toMatchObject({
      inside: 17,
      older: 7,
      olderVersions: 2,
    });
  });
  it("may be nobody", () => {
    expect(journey("cart", "弃购", { "1": 0 }, 2)).toMatchObject({ inside: 0, older: 0, olderVersions: 0 });
  });
});

it("what happened in the week is added up", () => {
  expect(journey("cart", "弃购")).toMatchObject({ entered: 4, sent: 6, goals: 2 });
});

it.each([
  [0.1234, "+12.3%"],
  [-0.05, "−5.0%"],
  [null, "—"],
])("a lift of %j is told as %s", (part, told) => {
  expect(percent(part)).toBe(told);
});

describe("the filter", () => {
  const rows = [journey("abandoned_cart", "弃购挽回"), { ...journey("vip", "VIP 生日"), state: "paused" as const }];
  it.each([
    [{ q: "CART" }, ["abandoned_cart"]],
    [{ q: " 生日 " }, ["vip"]],
    [{ state: "paused" }, ["vip"]],
    [{ q: "cart", state: "paused" }, []],
    [{}, ["abandoned_cart", "vip"]],
  ] as const)("%j", (filter, found) => {
    expect(matching(rows, filter).map((row) => row.journey)).toEqual(found);
  });
  it.each([
    [
      { q: "cart", state: "live" },
      { q: "cart", state: "live" },
    ],
    [{ q: 404, state: "gone", other: 1 }, { q: "404" }],
    [{ q: "" }, {}],
  ])("is read from an address, whatever stands in it: %j", (search, filter) => {
    expect(filterOf(search)).toEqual(filter);
  });
});
