import type { Schema } from "@/api/client";
import type { Value } from "@/parts/conditions/values";

export type Vocabulary = Schema["Vocabulary"];

/** An id that no step has yet, from a stem. */
function fresh(stem: string, taken: Set<string>): string {
  if (!taken.has(stem)) return stem;
  let number = 2;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}

/** Channels in the order in which they are tried: what costs least, first. */
export const viaOf = (channels: string[]): string[] =>
  ["wecom", "wechat", "mini", "sms", "email"].filter((each) => channels.includes(each));

/** A step as it begins: as much of it as can be known, so that little is left to fill in. */
export function newStep(verb: string, shop: Vocabulary | undefined, ids: Iterable<string>, trigger?: string): Value {
  const taken = new Set(ids);
  const template = shop?.templates[0];
  const event = trigger ?? "order.paid";
  switch (verb) {
    case "send":
      return {
        id: fresh("message", taken),
        send: template?.template ?? "template",
        via: template ? viaOf(template.channels) : ["sms"],
      };
    case "wait":
      return { wait: "1d" };
    case "wait_for":
      return { id: fresh("reaction", taken), wait_for: { event: "order.paid" }, within: "3d", then: [], else: [] };
    case "if":
      return { if: { field: "customer.orders", at_least: 2 }, then: [], else: [] };
    case "choose":
      return { choose: [{ when: { field: "customer.orders", at_least: 2 }, steps: [] }], else: [] };
    case "split":
      return {
        id: fresh("test", taken),
        split: [
          { variant: "a", weight: 50, steps: [] },
          { variant: "b", weight: 50, steps: [] },
        ],
      };
    case "repeat":
      return { id: fresh("round", taken), repeat: 3, steps: [{ wait: "7d" }] };
    case "coupon":
      return { coupon: shop?.campaigns[0]?.name ?? "campaign" };
    case "todo":
      return { id: fresh("call", taken), todo: "请联系客户", assign: "owner", due: "48h" };
    case "tag":
      return { tag: shop?.tags[0]?.name ?? "标签" };
    case "untag":
      return { untag: shop?.tags[0]?.name ?? "标签" };
    case "set":
      return { set: { city: { field: "customer.city" } } };
    case "webhook":
      return { id: fresh("call_out", taken), webhook: shop?.webhooks[0] ?? "name", data: {} };
    case "stop":
      return { stop: event === "order.paid" ? "done" : "enough" };
    default:
      return { [verb]: null };
  }
}

/** The text that a journey begins with. */
export const newJourney = (name: string, title: string): string =>
  `journey: ${name}\n${title ? `name: ${JSON.stringify(title)}\n` : ""}trigger: {event: order.paid}\n` +
  "entry: {again: after 30d}\nsteps:\n  - wait: 1d\n";
