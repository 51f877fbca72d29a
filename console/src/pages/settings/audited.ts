import { instant } from "@/parts/time";

interface Words {
  comma: string;
  colon: string;
  fields: Record<string, string>;
  values: Record<string, string>;
}

/** Values before or after a change: 状态：运行中，版本：3. */
export function told(values: Record<string, unknown> | null, words: Words): string {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${words.fields[name] ?? name}${words.colon}${valueWords(name, value, words)}`)
    .join(words.comma);
}

const FREE = new Set(["name", "reason", "staff", "topic", "sku", "winner", "split"]);
const MOMENT = /^\d{4}-\d{2}-\d{2}T/;

function valueWords(name: string, value: unknown, words: Words): string {
  if (Array.isArray(value)) return value.map((each) => valueWords(name, each, words)).join(" ");
  if (value === null || value === undefined) return "—";
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return JSON.stringify(value);
  const text = String(value);
  if (FREE.has(name)) return text;
  if (name === "sha256") return text.replace(/"/g, "").slice(0, 8);
  return MOMENT.test(text) ? instant(text) : (words.values[text] ?? text);
}

/** A reference by code, `journey:cart`, as its kind and its name. */
export function parted(reference: string): [kind: string, name: string] {
  const at = reference.indexOf(":");
  return at < 0 ? [reference, ""] : [reference.slice(0, at), reference.slice(at + 1)];
}
