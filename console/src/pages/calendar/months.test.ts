import { expect, it } from "vitest";
import { daily, type Day, type Firing, months, weekday } from "./months";

const firing = (journey: string, stream: string | null = null): Firing => ({
  journey,
  title: journey,
  at: "2026-03-02T02:00:00Z",
  words: "",
  customers: null,
  paused: false,
  stream_id: stream,
});
const day = (written: string, ...firings: Firing[]): Day => ({
  day: written,
  rest: false,
  holiday: null,
  festivals: [],
  own: [],
  firings,
  shows: [],
});

it("puts days into the weeks of their months", () => {
  const found = months(["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-08", "2026-03-09"].map((each) => day(each)));
  expect(
    found.map(({ year, month, weeks }) => [year, month, weeks.map((week) => week.map((each) => each?.day))]),
  ).toEqual([
    [2026, 2, [[undefined, undefined, undefined, undefined, undefined, "2026-02-28", undefined]]],
    [
      2026,
      3,
      [
        [...Array<undefined>(6).fill(undefined), "2026-03-01"],
        ["2026-03-02", ...Array<undefined>(5).fill(undefined), "2026-03-08"],
        ["2026-03-09", ...Array<undefined>(6).fill(undefined)],
      ],
    ],
  ]);
  expect([weekday("2026-03-02"), weekday("2026-03-08")]).toEqual([0, 6]);
});

it("tells journeys of every day once", () => {
  const days = Array.from({ length: 30 }, (_, n) =>
    day(
      `2026-04-${String(n + 1).padStart(2, "0")}`,
      firing("daily"),
      ...(n < 23 ? [firing("often")] : []),
      firing("show", "s"),
    ),
  );
  expect(daily(days).map((each) => each.journey)).toEqual(["daily"]);
});
