/** Values as the texts that they are written as, taken apart for inputs and put together again. */

export const UNITS = ["m", "h", "d", "w", "shows"] as const;
export type Unit = (typeof UNITS)[number];

/** `3d` or `3 shows` as a number of units; undefined if the text isn't one. */
export function spanOf(text: string): { amount: number; unit: Unit } | undefined {
  const found = /^\s*([1-9]\d{0,5})\s*([mhdw]|shows?)\s*$/.exec(text);
  if (!found) return undefined;
  const unit = found[2]?.startsWith("s") ? "shows" : (found[2] as Unit);
  return { amount: Number(found[1]), unit };
}

export const spanText = (amount: number, unit: Unit): string =>
  unit === "shows" ? `${amount} show${amount === 1 ? "" : "s"}` : `${amount}${unit}`;

/** `2 per 7d` as so many in so many days. With `ever`, `2` alone is one, too: without any days. */
export function capOf(text: string, ever = false): { most: number; days: number | null } | undefined {
  const found = /^\s*(\d{1,6})(?:\s+per\s+([1-9]\d{0,3})d)?\s*$/.exec(text);
  if (!found || (!ever && found[2] === undefined)) return undefined;
  return { most: Number(found[1]), days: found[2] === undefined ? null : Number(found[2]) };
}

export const capText = (most: number, days: number | null): string =>
  days === null ? String(most) : `${most} per ${days}d`;

/** `22:00-08:00` as two times of day; undefined if the text isn't both. */
export function hoursOf(text: string): [string, string] | undefined {
  const found = /^\s*(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)\s*$/.exec(text);
  return found?.[1] !== undefined && found[2] !== undefined
    ? [found[1].padStart(5, "0"), found[2].padStart(5, "0")]
    : undefined;
}

/** `5%` as a number. */
export function percentOf(text: string): number | undefined {
  const found = /^\s*(\d{1,3}(?:\.\d{1,4})?)\s*%\s*$/.exec(text);
  return found ? Number(found[1]) : undefined;
}

/** An amount of money without its unit; what is none stays as it is. */
export const withoutYuan = (text: string): string => /^\s*(\d+(?:\.\d{1,2})?)\s*元\s*$/.exec(text)?.[1] ?? text;

/** What was typed where an amount of money is asked for, with its unit. */
export const withYuan = (text: string): string => (/^\s*\d+(\.\d{1,2})?\s*$/.test(text) ? `${text.trim()}元` : text);

/** How long a coupon holds: `30d to the end of the day`, `until 2026-12-31`. */
export function validityOf(text: string): { span: string; whole: boolean; day: string | undefined } | undefined {
  const day = /^\s*until\s+(\d{4}-\d\d-\d\d)\s*$/.exec(text)?.[1];
  if (day !== undefined) return { span: "30d", whole: false, day };
  const span = /^\s*([1-9]\d{0,5}\s*[mhdw])(\s+to the end of the day)?\s*$/.exec(text);
  return span?.[1] === undefined ? undefined : { span: span[1], whole: span[2] !== undefined, day: undefined };
}
