import type { Schema } from "@/api/client";

type Journey = Schema["ListedJourney"];

export interface Row extends Journey {
  inside: number;
  /** How many of those inside are in older versions, and in how many. */
  older: number;
  olderVersions: number;
  /** In the last seven days. */
  entered: number;
  sent: number;
  goals: number;
}

export function rowOf(journey: Journey): Row {
  const versions = Object.entries(journey.running).filter(([, inside]) => inside > 0);
  const older = versions.filter(([version]) => Number(version) !== journey.version);
  const sum = (entries: [string, number][]) => entries.reduce((total, [, inside]) => total + inside, 0);
  const week = (what: "entered" | "sent" | "goals") => journey.days.reduce((total, day) => total + day[what], 0);
  return {
    ...journey,
    inside: sum(versions),
    older: sum(older),
    olderVersions: older.length,
    entered: week("entered"),
    sent: week("sent"),
    goals: week("goals"),
  };
}

/** A part as a change: +12.3%; what can't be said is a dash. */
export const percent = (part: number | null): string =>
  part === null ? "—" : `${part < 0 ? "−" : "+"}${Math.abs(part * 100).toFixed(1)}%`;

export const STATES = ["live", "paused", "stopped"] as const;

/** What is looked for, as the address keeps it. */
export interface Filter {
  q?: string | undefined;
  state?: Journey["state"] | undefined;
}

export function filterOf(search: Record<string, unknown>): Filter {
  const state = STATES.find((each) => each === search.state);
  const q = typeof search.q === "string" || typeof search.q === "number" ? String(search.q) : "";
  return { ...(q && { q }), ...(state && { state }) };
}

/** The rows whose name or title has the text, in whatever case, and that are in the state. */
export function matching(rows: Row[], { q = "", state }: Filter): Row[] {
  const wanted = q.trim().toLowerCase();
  return rows.filter(
    (row) => (!state || row.state === state) && `${row.journey} ${row.title}`.toLowerCase().includes(wanted),
  );
}
