import type { Schema } from "@/api/client";

export type Day = Schema["PlannedDate"];
export type Firing = Schema["PlannedFiring"];

/** A month, its days by weeks that begin on Monday; where a week has days of other months there is nothing. */
export interface Month {
  year: number;
  month: number;
  weeks: (Day | undefined)[][];
}

/** Such a share of the days makes a journey one of every day. */
const OFTEN = 0.8;

/** The weekday of a day that is written `2026-03-02`: 0 is Monday. */
export function weekday(day: string): number {
  return (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
}

/** The days by months, in their order. */
export function months(days: Day[]): Month[] {
  const found: Month[] = [];
  for (const day of days) {
    const [year = 0, month = 0] = day.day.split("-").map(Number);
    let last = found.at(-1);
    if (last?.year !== year || last.month !== month) {
      last = { year, month, weeks: [] };
      found.push(last);
    }
    let week = last.weeks.at(-1);
    if (!week || weekday(day.day) === 0) {
      week = Array<Day | undefined>(7).fill(undefined);
      last.weeks.push(week);
    }
    week[weekday(day.day)] = day;
  }
  return found;
}

/** The journeys that begin on nearly every day: told once, not on each. */
export function daily(days: Day[]): Firing[] {
  const first = new Map<string, Firing>();
  const times = new Map<string, number>();
  for (const { firings } of days)
    for (const each of firings.filter((one) => one.stream_id === null)) {
      first.set(each.journey, first.get(each.journey) ?? each);
      times.set(each.journey, (times.get(each.journey) ?? 0) + 1);
    }
  return [...first.values()].filter((each) => (times.get(each.journey) ?? 0) >= OFTEN * days.length);
}
