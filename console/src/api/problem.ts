interface Mistake {
  field?: string;
  reason?: string;
  detail?: string;
}

/** What the API refused, as RFC 9457 tells it. `status` is 0 if no answer came at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: Mistake[];
  readonly retryAfter: number | undefined;
  /** What else is told, by its kind. */
  readonly members: Record<string, unknown>;

  constructor(status: number, body: unknown, retryAfter?: string | null) {
    const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const title = typeof said.title === "string" ? said.title : `HTTP ${status}`;
    super(title);
    this.status = status;
    this.members = said;
    this.code = typeof said.type === "string" ? (said.type.split(":").at(-1) ?? "") : "";
    this.detail = typeof said.detail === "string" ? said.detail : "";
    this.errors = Array.isArray(said.errors) ? (said.errors as Mistake[]) : [];
    this.retryAfter = retryAfter ? Number(retryAfter) : undefined;
  }
}

export const isProblem = (error: unknown, code: string): error is ApiProblem =>
  error instanceof ApiProblem && error.code === code;

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ApiProblem && error.status === status;
