import { api } from "@/api/client";

/** The present instant in journeys, in milliseconds; null until it is known. In a demo it runs ahead of real time. */
export function useJourneyTime(): number | null {
  const { data } = api.useQuery("get", "/v1/clock", {}, { refetchInterval: 15_000 });
  return data ? new Date(data.now).getTime() : null;
}

/** The day that it is in journeys by the zone of the business, as `2026-03-02`; null until it is known. */
export function useToday(): string | null {
  const { data } = api.useQuery("get", "/v1/clock", {}, { refetchInterval: 15_000 });
  return data?.today ?? null;
}
