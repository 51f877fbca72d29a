import type { Value } from "@/parts/conditions/values";

/** Places are JSON pointers into the text, like `/steps/2/then/0`. */

export const above = (at: string): string => at.slice(0, at.lastIndexOf("/"));
export const number = (at: string): number => Number(at.slice(at.lastIndexOf("/") + 1));
export const beside = (at: string, by = 1): string => `${above(at)}/${number(at) + by}`;
export const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
export const isInside = (at: string, whole: string): boolean => at === whole || at.startsWith(`${whole}/`);

/** How a place is called once the item at another is taken away; what stood in that item has no place then. */
export function without(taken: string, at: string): string | null {
  if (isInside(at, taken) && at !== taken) return null;
  const list = `${above(taken)}/`;
  if (!at.startsWith(list)) return at;
  const [first = "", ...rest] = at.slice(list.length).split("/");
  const place = Number(first);
  return place > number(taken) ? list + [String(place - 1), ...rest].join("/") : at;
}

const isObject = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function* stepsIn(value: unknown): Generator<Value> {
  if (Array.isArray(value)) for (const each of value) yield* stepsIn(each);
  else if (isObject(value)) {
    yield value;
    for (const each of Object.values(value)) yield* stepsIn(each);
  }
}

/** A copy of a step whose ids, and those of the steps in it, nobody has yet; what names them names them still. */
export function withFreshIds(step: unknown, taken: Iterable<string>): unknown {
  const known = new Set(taken);
  const renamed = new Map<string, string>();
  const copy = structuredClone(step);
  for (const each of stepsIn(copy)) {
    if (typeof each.id !== "string" || !known.has(each.id)) continue;
    let number = 2;
    const stem = each.id.replace(/_\d+$/, "");
    while (known.has(`${stem}_${number}`)) number += 1;
    renamed.set(each.id, `${stem}_${number}`);
    each.id = `${stem}_${number}`;
    known.add(each.id as string);
  }
  for (const each of stepsIn(copy))
    for (const receipt of ["clicked", "delivered", "read", "replied", "redeemed", "done"]) {
      const named = each[receipt];
      if (typeof named === "string" && renamed.has(named)) each[receipt] = renamed.get(named);
    }
  return copy;
}
