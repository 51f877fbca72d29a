import { expect, it } from "vitest";
import { BEGINNING, moved, parted, type Part, PARTS, withPart, without } from "./parts";

const put = (...parts: Part[]) => parts.reduce(withPart, BEGINNING);

it("adds each part at the end, with an id of its own", () => {
  const all = Object.keys(PARTS) as Part[];
  expect(parted(put(...all))?.steps).toEqual(Object.values(PARTS));
  expect(parted(put("draw", "draw", "draw"))?.steps.map((step) => /id: (\w+)/.exec(step)?.[1])).toEqual([
    "draw",
    "draw2",
    "draw3",
  ]);
});

it("moves and removes steps, those of several lines too", () => {
  const text = put("entries", "if", "show");
  expect(moved(text, 1, -1)).toBe(put("if", "entries", "show"));
  expect(moved(moved(text, 0, 2), 2, -2)).toBe(text);
  expect(without(text, 1)).toBe(put("entries", "show"));
  expect(without(text.trimEnd(), 2)).toBe(put("entries", "if"));
});

it("leaves a text that is written otherwise as it is", () => {
  for (const text of ["", "play: a\nsteps: [{collect: entries, for: 1m}]\n", `${put("entries")}rules: 后写的\n`]) {
    expect(parted(text)).toBeNull();
    expect(moved(text, 0, 1)).toBe(text);
    expect(without(text, 0)).toBe(text);
  }
});
