import type { Permission } from "@/parts/me";

export const TABS = ["users", "keys", "channels", "connected", "policy", "audit"] as const;
export type Tab = (typeof TABS)[number];

export const NEEDS: Record<Tab, Permission> = {
  users: "users.manage",
  keys: "keys.manage",
  channels: "channels.read",
  connected: "channels.read",
  policy: "journeys.read",
  audit: "audit.read",
};

/** Which part of the settings is looked at, in the page's address. */
export function tabOf(search: Record<string, unknown>): { tab?: Tab } {
  const tab = TABS.find((each) => each === search.tab);
  return tab === undefined ? {} : { tab };
}
