import { describe, expect, it } from "vitest";
import { read } from "@/parts/conditions/values";
import { beside, without, withFreshIds } from "./places";

describe("a place once an item is taken away", () => {
  it.each([
    ["/steps/1", "/steps/3", "/steps/2"],
    ["/steps/3", "/steps/1", "/steps/1"],
    ["/steps/1", "/steps/1", "/steps/1"],
    ["/steps/1", "/steps/2/then/0", "/steps/1/then/0"],
    ["/steps/2/then/0", "/steps/3", "/steps/3"],
    ["/steps/2/then/0", "/steps/2/then/1", "/steps/2/then/0"],
    ["/steps/1", "/steps/10", "/steps/9"],
    ["/steps/1", "/steps/1/then/0", null],
  ])("without %s, %s is called %s", (taken, at, called) => {
    expect(without(taken, at)).toBe(called);
  });
});

it("the place beside is the next of the same list", () => {
  expect(beside("/steps/2/then/9")).toBe("/steps/2/then/10");
});

it("what is pasted has ids that nobody has yet, and its steps still name each other", () => {
  const step = { id: "ask", wait_for: { clicked: "hi" }, then: [{ id: "hi", send: "hello" }] };
  expect(withFreshIds(step, ["hi", "hi_2"])).toEqual({
    id: "ask",
    wait_for: { clicked: "hi_3" },
    then: [{ id: "hi_3", send: "hello" }],
  });
  expect(withFreshIds(step, [])).toEqual(step);
});

it.each([
  ["59", 59],
  ["59.5", 59.5],
  ["59元", "59元"],
  ["007", "007"],
  ["true", true],
  ["10:00", "10:00"],
])("%s is read as a value", (text, value) => {
  expect(read(text)).toBe(value);
});
