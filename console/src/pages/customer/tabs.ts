export const TABS = ["timeline", "journeys", "messages", "orders", "coupons", "todos"] as const;
export type Tab = (typeof TABS)[number];

/** Which list of a customer is looked at, as the address says. */
export function tabOf(search: Record<string, unknown>): { tab?: Tab } {
  const tab = TABS.find((each) => each === search.tab);
  return tab === undefined || tab === "timeline" ? {} : { tab };
}
