export const TABS = ["topics", "comments", "reports", "requirements", "tasks"] as const;
export type Tab = (typeof TABS)[number];

/** What of the address says which part is open. */
export const tabOf = (search: Record<string, unknown>): { tab?: Tab } => {
  const tab = TABS.find((each) => each === search.tab);
  return tab ? { tab } : {};
};
