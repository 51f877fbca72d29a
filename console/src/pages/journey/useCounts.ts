import { useEvents } from "@/parts/useEvents";
import type { Counts } from "./figures";

/** The counts of a version as they change; undefined until the first come. */
export function useCounts(name: string, version: number | undefined, days: number | undefined): Counts | undefined {
  const query = { ...(version !== undefined && { version }), ...(days !== undefined && { days }) };
  const asked = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString();
  return useEvents(`/v1/journeys/${encodeURIComponent(name)}/counts/events?${asked}`, "counts") as Counts | undefined;
}
