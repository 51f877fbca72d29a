/** The coupon that is looked at, in the page's address. */
export function codeOf(search: Record<string, unknown>): { code?: string } {
  // the router reads what looks like a number as one
  const code = typeof search.code === "string" || typeof search.code === "number" ? String(search.code).trim() : "";
  return code === "" ? {} : { code };
}
