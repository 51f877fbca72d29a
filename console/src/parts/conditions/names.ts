import type { Schema } from "@/api/client";

/** Named things to choose from, by what people call them. */
export const names = (things: Schema["NamedThing"][]): { value: string; label: string }[] =>
  things.map(({ name, called }) => ({ value: name, label: called === name ? name : `${called}  ${name}` }));
