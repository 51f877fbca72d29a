import { describe, expect, it } from "vitest";
import { type Counts, END, figuresOf, START, taken, viewOf } from "./figures";

const counts: Counts = {
  journey: "cart",
  version: 1,
  inside: 3,
  steps: [
    {
      path: START,
      standing: 0,
      happened: [
        { what: "ended", detail: "goal", n: 2 },
        { what: "entered", detail: "", n: 9 },
        { what: "not_entered", detail: "again", n: 4 },
      ],
    },
    {
      path: "remind",
      standing: 3,
      happened: [
        { what: "suppressed", detail: "capped", n: 1 },
        { what: "suppressed", detail: "expired", n: 2 },
        { what: "sent", detail: "", n: 5 },
        { what: "waited", detail: "", n: 5 },
      ],
    },
  ],
  ways: [{ source: START, target: "remind", n: 9 }],
};

describe("a node's figures", () => {
  it("sum up the reasons, what matters first, without what its ways tell", () => {
    expect(figuresOf(counts, "remind")).toEqual({
      standing: 3,
      kinds: [
        { what: "sent", n: 5 },
        { what: "suppressed", n: 3 },
      ],
    });
  });
  it("are those who entered at the beginning, and the endings at the end", () => {
    expect(figuresOf(counts, START).kinds).toEqual([{ what: "entered", n: 9 }]);
    expect(figuresOf(counts, END).kinds).toEqual([{ what: "goal", n: 2 }]);
  });
  it("are none where nothing happened, or nothing is known yet", () => {
    expect(figuresOf(counts, "other")).toEqual({ standing: 0, kinds: [] });
    expect(figuresOf(undefined, "remind")).toEqual({ standing: 0, kinds: [] });
    expect(taken(undefined, START, "remind")).toBe(0);
    expect(taken(counts, START, "remind")).toBe(9);
  });
});

it.each([
  [
    { version: 2, days: 7, step: "hi" },
    { version: 2, days: 7, step: "hi" },
  ],
  [{ version: "x", days: 8, step: 1 }, { step: "1" }],
  [{ version: 1e12, days: null }, {}],
])("what is looked at is read from an address, whatever stands in it: %j", (search, view) => {
  expect(viewOf(search)).toEqual(view);
});
