export const SHELVES = ["all", "near", "expired"] as const;
export type Shelf = (typeof SHELVES)[number];

export interface View {
  shelf?: Shelf | undefined;
  place?: string | undefined;
  q?: string | undefined;
  lot?: string | undefined;
  sku?: string | undefined;
}

/** What is looked at, in the page's address. */
export function viewOf(search: Record<string, unknown>): View {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const shelf = SHELVES.find((each) => each === search.shelf && each !== "all");
  return Object.fromEntries(
    Object.entries({ shelf, place: text("place"), q: text("q"), lot: text("lot"), sku: text("sku") }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
