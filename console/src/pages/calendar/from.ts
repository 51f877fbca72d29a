/** The first day that is shown, as the address says: 2026-03-01. */
export const fromOf = (search: Record<string, unknown>): { from?: string } =>
  typeof search.from === "string" && /^\d{4}-\d\d-\d\d$/.test(search.from) ? { from: search.from } : {};
