import { api } from "@/api/client";
import { useMay } from "@/parts/me";
import type { Root } from "./names";

/** What fields of recent events of a type held, by the fields' names as they are asked about here. */
export function useExamples(event: string | undefined, root: Root | undefined): Record<string, string[]> {
  const may = useMay();
  const { data } = api.useQuery(
    "get",
    "/v1/specs/events/{type}/examples",
    { params: { path: { type: event ?? "" } } },
    { enabled: Boolean(event) && may("journeys.publish"), staleTime: 300_000 },
  );
  return Object.fromEntries(
    (data ?? []).map(({ field, values }) => {
      const isItem = field.startsWith("items.");
      return [root === "item" && isItem ? field.replace("items.", "item.") : `${root ?? "trigger"}.${field}`, values];
    }),
  );
}
