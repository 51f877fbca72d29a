export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

export const ordinal = (day: number): string =>
  `the ${day}${[11, 12, 13].includes(day) ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th")}`;

/** The days of a month as they are written, the last one at the end. */
export const MONTH_DAYS = [...Array.from({ length: 31 }, (_, place) => ordinal(place + 1)), "the last day"];

export type Kind = "day" | "weekday" | "month" | "year" | "festival";

/** A schedule, taken apart: `which` is the weekday, the day of the month or of the year, or the festival. */
export interface Schedule {
  kind: Kind;
  which: string;
  /** Days from the festival, negative before it. */
  offset: number;
  at: string;
}

/** What a schedule of each kind begins as. */
export const EVERY: Record<Kind, string> = {
  day: "every day at 09:00",
  weekday: "every monday at 10:00",
  month: "every month on the 1st at 10:00",
  year: "every year on 09-10 at 10:00",
  festival: "on 春节 -3d at 10:00",
};

const CLOCK = String.raw`\s+at\s+(\d{1,2}:\d\d)\s*$`;
const FORMS: [Kind, RegExp][] = [
  ["day", new RegExp(String.raw`^\s*every\s+()day${CLOCK}`)],
  ["weekday", new RegExp(String.raw`^\s*every\s+(${WEEKDAYS.join("|")})${CLOCK}`)],
  ["month", new RegExp(String.raw`^\s*every\s+month\s+on\s+(the\s+(?:\d+(?:st|nd|rd|th)|last\s+day))${CLOCK}`)],
  ["year", new RegExp(String.raw`^\s*every\s+year\s+on\s+(\d\d-\d\d)${CLOCK}`)],
  ["festival", new RegExp(String.raw`^\s*on\s+(\S+?)(?:\s+([+-]\d{1,3})d)?${CLOCK}`)],
];

/** Reads a schedule; undefined if it is written in no known way. */
export function scheduleOf(text: string): Schedule | undefined {
  for (const [kind, form] of FORMS) {
    const found = form.exec(text);
    if (!found) continue;
    const offset = kind === "festival" ? Number(found[2] ?? 0) : 0;
    return { kind, which: (found[1] ?? "").replace(/\s+/g, " "), offset, at: found.at(-1) ?? "" };
  }
  return undefined;
}

const signed = (days: number): string => (days === 0 ? "" : ` ${days > 0 ? "+" : ""}${days}d`);

export function scheduleText({ kind, which, offset, at }: Schedule): string {
  const when = {
    day: "every day",
    weekday: `every ${which}`,
    month: `every month on ${which}`,
    year: `every year on ${which}`,
    festival: `on ${which}${signed(offset)}`,
  }[kind];
  return `${when} at ${at}`;
}

/** `birthday -3d` as days from the birthday; undefined if the text is about something else. */
export function birthdayOf(text: string): number | undefined {
  const found = /^\s*birthday(?:\s+([+-]\d{1,3})d)?\s*$/.exec(text);
  return found ? Number(found[1] ?? 0) : undefined;
}

export const birthdayText = (days: number): string => `birthday${signed(days)}`;
