import createClient, { type Middleware } from "openapi-fetch";
import createQueries from "openapi-react-query";
import { connectionLost } from "./connection";
import { ApiProblem } from "./problem";
import type { components, paths } from "./schema";

export type Schema = components["schemas"];
export type Me = Schema["Me"];

let csrf = "";
const overListeners = new Set<() => void>();

/** What proves, with each change, that this page belongs to the session of the cookie. */
export function keepCsrf(me: Me | null): void {
  csrf = me?.csrf ?? "";
}

/** For what isn't asked through the client: an answer that comes in parts. */
export const csrfToken = (): string => csrf;

/** Called when an answer says that the session is over, or that the cookie is another session's. */
export function onSessionOver(listener: () => void): () => void {
  overListeners.add(listener);
  return () => overListeners.delete(listener);
}

const problems: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
    request.headers.set("Accept-Language", document.documentElement.lang);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    const body: unknown = await response.json().catch(() => null);
    const problem = new ApiProblem(response.status, body, response.headers.get("Retry-After"));
    if (problem.code === "unauthorized" || problem.code === "stale") for (const each of overListeners) each();
    if (problem.status === 503 || problem.status === 502) connectionLost();
    throw problem;
  },
  onError() {
    connectionLost();
    return new ApiProblem(0, { title: "no answer" });
  },
};

export const client = createClient<paths>({ baseUrl: window.location.origin });
client.use(problems);

export const api = createQueries(client);
