/** States of a message in the ledger; `held` waits until it may be sent, `stuck` is put off by a defect. */
export const STATUSES = ["unknown", "pending_staff", "held", "stuck", "claimed", "failed"] as const;
export type Status = (typeof STATUSES)[number];

/** The state that is looked at, as the address keeps it. */
export function statusOf(search: Record<string, unknown>): { status?: Status | undefined } {
  const status = STATUSES.find((each) => each === search.status);
  return status && status !== "unknown" ? { status } : {};
}
