export type Value = Record<string, unknown>;

/** What is left of a mapping without one of its keys. */
export const less = (value: Value, name: string): Value =>
  Object.fromEntries(Object.entries(value).filter(([each]) => each !== name));

/** Reads what was typed as a value: numbers and yes or no as such, everything else as text. */
export function read(text: string): string | number | boolean {
  const plain = text.trim();
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,10})?$/.test(plain)) return Number(plain);
  return plain === "true" ? true : plain === "false" ? false : text;
}

export const isValue = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asText = (value: unknown): string => (typeof value === "string" ? value : "");
