import type { Schema } from "@/api/client";

export type Period = "day" | "week" | "month";
export type Metric = Schema["MetricDefinition"];
type Point = Schema["MetricPoint"];

/** How many periods are shown; the last of them isn't over yet. */
export const SHOWN = { day: 30, week: 13, month: 13 } as const;

export type Reader = keyof typeof SCREENS;

export interface Search {
  by?: Period;
  reader?: Reader;
  metric?: string;
}

/** What the address asks for. */
export function searchOf(search: Record<string, unknown>): Search {
  const { by, reader, metric } = search;
  return {
    ...((by === "day" || by === "month") && { by }),
    ...(typeof reader === "string" && reader in SCREENS && { reader: reader as Reader }),
    ...(typeof metric === "string" && { metric }),
  };
}

/** The metrics of each reader's screen, the most telling first. */
export const SCREENS = {
  owner: [
    "revenue",
    "orders",
    "average_order",
    "buyers",
    "new_customers",
    "active_customers",
    "monthly_repurchase",
    "repurchase",
    "cac",
  ],
  marketing: [
    "attributed_revenue",
    "entered",
    "reached",
    "sent",
    "click_rate",
    "goal_rate",
    "lift",
    "coupons_issued",
    "coupon_redemption",
    "coupon_cost",
    "coupon_revenue",
    "coupon_break_even",
  ],
  shows: [
    "show_revenue",
    "show_buyers",
    "viewers",
    "watched_minutes",
    "show_new_customers",
    "show_repurchase",
    "new_from_shows",
  ],
  supply: [
    "turnover_days",
    "sell_through",
    "expiry_loss",
    "expiry_loss_money",
    "alarms",
    "lead_days",
    "supplied",
    "delivered_in_time",
    "forecast_error",
    "forecast_coverage",
  ],
} as const;

const iso = (day: Date): string => day.toISOString().slice(0, 10);

/** The first day of the period that lies `back` periods before that of a day. */
export function startOf(day: string, by: Period, back = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  if (by === "month") return iso(new Date(Date.UTC(year, month - 1 - back, 1)));
  const at = new Date(Date.UTC(year, month - 1, date));
  const weekday = by === "week" ? (at.getUTCDay() + 6) % 7 : 0;
  at.setUTCDate(at.getUTCDate() - weekday - back * (by === "week" ? 7 : 1));
  return iso(at);
}

export interface Told {
  day: string;
  value: number | null;
  numerator: number;
  denominator: number | null;
}

/** Each period up to that of today, also those in which nothing was: 0 of what is counted, no number else. */
export function filled(points: Point[], metric: Metric, today: string, by: Period): Told[] {
  const known = new Map(points.map((each) => [each.day, each]));
  const counted =
    metric.unit === "count" || (metric.unit === "fen" && points.some((each) => each.denominator === null));
  return Array.from({ length: SHOWN[by] }, (_, place) => {
    const day = startOf(today, by, SHOWN[by] - 1 - place);
    const { value, numerator, denominator } = known.get(day) ?? {
      value: counted ? 0 : null,
      numerator: 0,
      denominator: null,
    };
    return { day, value, numerator, denominator };
  });
}

/** By how much the last period that is over differs from the one before it, as a part of that; null if it can't be said. */
export function change(told: Told[]): number | null {
  const [before, last] = [told.at(-3)?.value ?? null, told.at(-2)?.value ?? null];
  return before === null || last === null || before === 0 ? null : last / before - 1;
}

/** A number as people read it. */
export function worded(value: number | null, unit: Metric["unit"]): string {
  if (value === null) return "–";
  const digits = (most: number) => value.toLocaleString("en-US", { maximumFractionDigits: most });
  switch (unit) {
    case "fen":
      return `¥${(value / 100).toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100_000 ? 2 : 0 })}`;
    case "share":
      return `${(value * 100).toFixed(1)}%`;
    case "days":
      return digits(1);
    case "count":
      return digits(0);
  }
}

/** The points as rows for a spreadsheet. */
export function rowsOf(told: Told[], heads: string[]): (string | number)[][] {
  return [heads, ...told.map((each) => [each.day, each.value ?? "", each.numerator, each.denominator ?? ""])];
}

/** The day after the last of the period that begins on a day. */
export const endOf = (day: string, by: Period): string => startOf(day, by, -1);
