export const STATES = ["all", "running", "planned", "ended", "cancelled"] as const;
export type Choice = (typeof STATES)[number];

/** Which shows are looked at, in the page's address. */
export function stateOf(search: Record<string, unknown>): { state?: Exclude<Choice, "all"> } {
  const state = STATES.find((each) => each === search.state);
  return state === undefined || state === "all" ? {} : { state };
}
