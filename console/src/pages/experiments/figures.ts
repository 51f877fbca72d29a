import type { Schema } from "@/api/client";
import type { Mark } from "@/parts/picture";

export type Comparison = Schema["GroupComparison"];
export type Look = Schema["ExperimentLook"];
type Interval = Schema["Interval"];

/** Groups are less likely than this by chance as unlike what they were split into. */
const MISMATCH = 0.001;

export const isFair = (chance: number): boolean => chance >= MISMATCH;

/** A chance as a percentage, small ones in more detail. */
export const chanceWords = (chance: number): string =>
  chance >= 0.01 ? `${Math.round(chance * 100)}%` : chance < 0.0001 ? "<0.01%" : `${(chance * 100).toFixed(2)}%`;

/** A share with its sign, as `+12.3%`. */
export const signed = (part: number): string => `${part < 0 ? "−" : "+"}${Math.abs(part * 100).toFixed(1)}%`;

/** A difference of two shares with its sign in percentage points, as `+12.3`. */
export const inPoints = (part: number): string => signed(part).slice(0, -1);

/** Fen with their sign, as `+¥1.20`. */
export function money(fen: number): string {
  return `${fen < 0 ? "−" : "+"}¥${(Math.abs(fen) / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** An interval that can be said. */
export function known({ estimate, low, high }: Interval): { estimate: number; low: number; high: number } | undefined {
  return estimate === null || low === null || high === null ? undefined : { estimate, low, high };
}

/** The lift of a group on each day on which something could be said. */
export function marksOf(looks: Look[], group: string): Mark[] {
  return looks.flatMap((look) => {
    const goal = look.comparisons.find((each) => each.group === group)?.goal;
    const said = goal && known(goal);
    return said ? [{ label: look.day.slice(5), value: said.estimate, low: said.low, high: said.high }] : [];
  });
}

/** The same as rows for a spreadsheet, with the numbers as they are. */
export function rowsOf(looks: Look[], heads: string[]): (string | number)[][] {
  const rows = looks.flatMap((look) =>
    look.comparisons.map(({ group, goal }) => [look.day, group, goal.estimate ?? "", goal.low ?? "", goal.high ?? ""]),
  );
  return [heads, ...rows];
}
