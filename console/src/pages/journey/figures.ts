import type { Schema } from "@/api/client";

export type Counts = Schema["JourneyCounts"];
export type Graph = Schema["JourneyGraph"];
type Happened = Schema["Happened"];

export const START = "^";
export const END = "$";

export const SPANS = [1, 7, 30, null] as const;

/** What the ways out of a step tell already. */
const ON_WAYS = new Set(["branch", "variant", "waited", "round", "settled", "reworded"]);

export interface Figures {
  standing: number;
  /** What happened by kind, in the order in which it matters. */
  kinds: { what: string; n: number }[];
}

const ORDER = ["entered", "sent", "coupon", "todo", "suppressed", "refused", "held", "unknown", "failed", "stuck"];
const rank = (what: string): number => (ORDER.includes(what) ? ORDER.indexOf(what) : ORDER.length);

function byKind(happened: Happened[]): Figures["kinds"] {
  const sums = new Map<string, number>();
  for (const { what, n } of happened) sums.set(what, (sums.get(what) ?? 0) + n);
  return [...sums].map(([what, n]) => ({ what, n })).sort((a, b) => rank(a.what) - rank(b.what));
}

/** What a node shows: who stands there, and the kinds of what happened that its ways don't tell. */
export function figuresOf(counts: Counts | undefined, path: string): Figures {
  if (path === END) {
    const endings = happenedAt(counts, START).filter((each) => each.what === "ended");
    return { standing: 0, kinds: endings.map(({ detail, n }) => ({ what: detail, n })) };
  }
  const kinds = byKind(happenedAt(counts, path)).filter(({ what }) => !ON_WAYS.has(what));
  return {
    standing: counts?.steps.find((each) => each.path === path)?.standing ?? 0,
    kinds: path === START ? kinds.filter(({ what }) => what === "entered") : kinds,
  };
}

export const happenedAt = (counts: Counts | undefined, path: string): Happened[] =>
  counts?.steps.find((each) => each.path === path)?.happened ?? [];

export const taken = (counts: Counts | undefined, source: string, target: string): number =>
  counts?.ways.find((way) => way.source === source && way.target === target)?.n ?? 0;

/** What is looked at, as the address keeps it. */
export interface View {
  version?: number | undefined;
  days?: number | undefined;
  step?: string | undefined;
}

export function viewOf(search: Record<string, unknown>): View {
  const { version, days, step } = search;
  return {
    ...(typeof version === "number" && Number.isInteger(version) && version > 0 && version < 2 ** 31 && { version }),
    ...(SPANS.some((each) => each !== null && each === days) && { days: Number(days) }),
    ...((typeof step === "string" || typeof step === "number") && { step: String(step) }),
  };
}
