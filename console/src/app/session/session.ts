import { api } from "@/api/client";

export const sessionKey = api.queryOptions("get", "/v1/session", {}).queryKey;
