import type { Schema } from "@/api/client";

export type Vocabulary = Schema["Vocabulary"];
export type Named = Schema["NamedThing"];
/** What a field is looked up in, beside what is known everywhere. */
export type Root = "event" | "trigger" | "item";

/** Named things to choose from, by what people call them. */
export const names = (things: Named[]): { value: string; label: string }[] =>
  things.map(({ name, called }) => ({ value: name, label: called === name ? name : `${called}  ${name}` }));

/** Named things, with some of what each held lately. */
export const withExamples = (things: Named[], examples: Record<string, string[]>): Named[] =>
  things.map((each) => {
    const held = examples[each.name]?.slice(0, 2).join("、");
    return held ? { ...each, called: `${each.called}（${held}）` } : each;
  });

/** The fields that can be asked about: of the event in view, of an item of its list, of the customer. */
export function fieldsOf(shop: Vocabulary, event: string | undefined, root: Root | undefined): Named[] {
  const known = shop.events.find((each) => each.event === event)?.fields ?? [];
  const isItem = ({ name }: Named) => name.startsWith("items.");
  const own =
    root === "item"
      ? known.filter(isItem).map((each) => ({ ...each, name: each.name.replace("items.", "item.") }))
      : known.filter((each) => !isItem(each)).map((each) => ({ ...each, name: `${root ?? "trigger"}.${each.name}` }));
  const measures = shop.measures.map((each) => ({ name: `measure.${each}`, called: each }));
  return [...own, ...shop.fields, ...measures];
}
