import type { Schema } from "@/api/client";
import { count, instant } from "@/parts/time";
import type { useWords } from "./words";

type Today = Schema["Today"];

export interface Need {
  key: string;
  words: string;
  urgent: boolean;
  to?: "/replenishments" | "/messages" | "/shows/$id" | "/customers" | "/settings";
  params?: { id: string };
  search?: { status?: "stuck" | "pending_staff"; tab?: "channels" | "plans" };
  act?: string;
}

/** What needs somebody, the most urgent first. */
export function needsOf(today: Today, words: ReturnType<typeof useWords>): Need[] {
  const counted = (key: string, n: number | null, say: (n: string) => string, rest: Partial<Need>): Need[] =>
    n ? [{ key, words: say(count(n)), urgent: false, ...rest }] : [];
  const alarms = (today.alarms ?? []).map((each) => ({
    key: `alarm ${each.sku}`,
    words: words.alarm(each.name ?? each.sku, words.kinds[each.kind] ?? each.kind),
    urgent: true,
    to: "/shows/$id" as const,
    params: { id: each.stream_id },
    act: words.look,
  }));
  const down = (today.accounts ?? []).map((each) => ({
    key: `account ${each.name}`,
    words: words.down(each.name, instant(each.held_until)),
    urgent: true,
    to: "/settings" as const,
    search: { tab: "channels" as const },
    act: words.look,
  }));
  return [
    ...alarms,
    ...counted("replenishments", today.replenishments, words.replenishments, {
      urgent: true,
      to: "/replenishments",
      act: words.decide,
    }),
    ...counted("deliveries", today.deliveries, words.deliveries, {
      to: "/replenishments",
      search: { tab: "plans" },
      act: words.look,
    }),
    ...down,
    ...counted("unknown", today.unknown, words.unknown, { urgent: true, to: "/messages", act: words.settle }),
    ...counted("stuck", today.stuck, words.stuck, { to: "/messages", search: { status: "stuck" }, act: words.look }),
    ...counted("pending", today.pending_staff, words.pending, {
      to: "/messages",
      search: { status: "pending_staff" },
      act: words.look,
    }),
    ...counted("conflicts", today.conflicts, words.conflicts, { to: "/customers", act: words.look }),
    ...counted("overdue", today.overdue, words.overdue, { to: "/customers", act: words.look }),
  ];
}
