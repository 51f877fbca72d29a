import type { Schema } from "@/api/client";
import type { Value } from "./values";

export type Vocabulary = Schema["Vocabulary"];
export type Named = Schema["NamedThing"];
export type FieldWord = Schema["FieldWord"];
/** What a field is looked up in, beside what is known everywhere. */
export type Root = "event" | "trigger" | "item";

/** Named things to choose from, by what people call them. */
export const names = (things: Named[]): { value: string; label: string }[] =>
  things.map(({ name, called }) => ({ value: name, label: called === name ? name : `${called}  ${name}` }));

/** Named things, with some of what each held lately. */
export const withExamples = <Thing extends Named>(things: Thing[], examples: Record<string, string[]>): Thing[] =>
  things.map((each) => {
    const held = examples[each.name]?.slice(0, 2).join("、");
    return held ? { ...each, called: `${each.called}（${held}）` } : each;
  });

const known = (shop: Vocabulary, event: string | undefined): FieldWord[] =>
  shop.events.find((each) => each.event === event)?.fields ?? [];

/** The fields that can be asked about: of the event in view, of an item of its list, of the customer. */
export function fieldsOf(shop: Vocabulary, event: string | undefined, root: Root | undefined): FieldWord[] {
  const own =
    root === "item"
      ? known(shop, event)
          .filter(({ name }) => name.startsWith("items."))
          .map((each) => ({ ...each, name: each.name.replace("items.", "item.") }))
      : known(shop, event).map((each) => ({ ...each, name: `${root ?? "trigger"}.${each.name}` }));
  const measures = shop.measures.map((each) => ({ name: `measure.${each}`, called: each, kind: null, choices: [] }));
  return [...own, ...shop.fields, ...measures];
}

/** The fields of the event that began the journey, where another one is looked at. */
export const fieldsOfTrigger = (
  shop: Vocabulary,
  trigger: string | undefined,
  called: (field: string) => string,
): FieldWord[] =>
  known(shop, trigger).map((each) => ({ ...each, name: `trigger.${each.name}`, called: called(each.called) }));

/** A comparison of a field to begin with, by what the field holds. */
export function beginWith(field: FieldWord): Value {
  const { name, kind, choices } = field;
  if (choices[0]) return { field: name, is: choices[0].name };
  if (kind === "money") return { field: name, at_least: "100元" };
  return kind === "number" ? { field: name, at_least: 1 } : { field: name, exists: true };
}

/** A condition about an event of a type to begin with: about its amount, if it has one. */
export function beginWhere(shop: Vocabulary, event: string | undefined): Value {
  const fields = fieldsOf(shop, event, "event").filter(({ name }) => name.startsWith("event."));
  const first = fields.find(({ name }) => name === "event.total") ?? fields[0];
  return first ? beginWith(first) : { field: "customer.orders", at_least: 1 };
}
