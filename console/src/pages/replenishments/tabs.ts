export const TABS = ["alarms", "plans", "suppliers"] as const;
export type Tab = (typeof TABS)[number];

export const STAGES = ["undecided", "asked", "coming", "all"] as const;
export type Stage = (typeof STAGES)[number];

export interface View {
  tab?: Tab | undefined;
  stage?: Stage | undefined;
  plan?: number | undefined;
}

/** What is looked at, in the page's address. */
export function viewOf(search: Record<string, unknown>): View {
  const tab = TABS.find((each) => each === search.tab);
  const stage = STAGES.find((each) => each === search.stage);
  const plan = typeof search.plan === "number" && search.plan > 0 ? search.plan : undefined;
  return { ...(tab && { tab }), ...(stage && { stage }), ...(plan && { plan }) };
}
