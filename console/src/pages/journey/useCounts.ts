import { useEffect, useState } from "react";
import { client } from "@/api/client";
import type { Counts } from "./figures";

const AGAIN = 5_000;

/** The counts of a version as they change; undefined until the first come. */
export function useCounts(name: string, version: number | undefined, days: number | undefined): Counts | undefined {
  const [counts, setCounts] = useState<Counts>();
  const query = { ...(version !== undefined && { version }), ...(days !== undefined && { days }) };
  const subject = `${encodeURIComponent(name)}/counts/events?${new URLSearchParams(
    Object.entries(query).map(([key, value]) => [key, String(value)]),
  ).toString()}`;
  useEffect(() => {
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout>;
    const listen = () => {
      source = new EventSource(`/v1/journeys/${subject}`);
      source.addEventListener("counts", (event: MessageEvent<string>) => {
        setCounts(JSON.parse(event.data) as Counts);
      });
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
        timer = setTimeout(() => {
          // An ordinary request finds out why: whether the session is over, or the service is away.
          void client
            .GET("/v1/session")
            .catch(() => null)
            .then(listen);
        }, AGAIN);
      };
    };
    listen();
    return () => {
      clearTimeout(timer);
      source.close();
      setCounts(undefined);
    };
  }, [subject]);
  return counts;
}
