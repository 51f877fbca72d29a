import { useEffect, useState } from "react";
import { client } from "@/api/client";

const AGAIN = 5_000;

/** The newest of the server-sent events of a kind, parsed; undefined until the first comes. */
export function useEvents(path: string, kind: string): unknown {
  const [data, setData] = useState<unknown>();
  useEffect(() => {
    let source: EventSource;
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const listen = () => {
      if (over) return;
      source = new EventSource(path);
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        setData(JSON.parse(event.data) as unknown);
      });
      source.addEventListener("ended", () => {
        source.close();
      });
      source.onerror = () => {
        // An ordinary request finds out why, and tells: whether the session is over, or the service is away.
        const asked = client.GET("/v1/session").catch(() => null);
        if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
        timer = setTimeout(() => void asked.then(listen), AGAIN);
      };
    };
    listen();
    return () => {
      over = true;
      clearTimeout(timer);
      source.close();
      setData(undefined);
    };
  }, [path, kind]);
  return data;
}
