import { fieldsOf, fieldsOfTrigger } from "@/parts/conditions/names";
import type { Vocabulary } from "../steps";
import { type Around, cursorAt } from "./cursor";

export interface Offer {
  label: string;
  detail?: string | undefined;
  isKey: boolean;
}

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  propertyNames?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  required?: string[];
  enum?: string[];
  const?: string | boolean;
  type?: string;
  description?: string;
}

const RECEIPTS = ["clicked", "delivered", "read", "replied", "redeemed", "done"];

/** What may stand where something is written in a journey: keys and constants of the grammar, names of the shop. */
export function offersAt(text: string, position: number, shop: Vocabulary): { from: number; offers: Offer[] } | null {
  const { around, at, word } = cursorAt(text, position);
  const from = position - word.length;
  const offers = at === "key" ? keysAt(around, shop) : valuesAt(around, text, shop);
  // What begins in a list may be a mapping, or a plain value.
  if (at === "key" && offers.length === 0 && around.at(-2)?.kind === "list")
    offers.push(...valuesAt(around.slice(0, -1), text, shop));
  const unique = offers.filter((each, place) => offers.findIndex(({ label }) => label === each.label) === place);
  return unique.length > 0 ? { from, offers: unique } : null;
}

/** The forms of what is around a place, and of what stands there, by the grammar. */
function formsAt(around: Around[], shop: Vocabulary): { fitting: Schema[]; forms: Schema[] } {
  const grammar = shop.grammar as unknown as Schema & { $defs: Record<string, Schema> };
  const read = (schema: Schema): Schema[] =>
    schema.$ref
      ? read(grammar.$defs[schema.$ref.split("/").at(-1) ?? ""] ?? {})
      : ((schema.anyOf ?? schema.oneOf)?.flatMap(read) ?? [schema]);
  let forms = read(grammar);
  let fitting = forms;
  for (const each of around) {
    if (each.kind === "list") forms = forms.flatMap((form) => (form.items ? read(form.items) : []));
    else {
      fitting = fit(forms, each);
      if (each.key === undefined) break;
      forms = fitting.flatMap((form) => {
        const held = form.properties?.[each.key ?? ""] ?? form.additionalProperties;
        return typeof held === "object" ? read(held) : [];
      });
    }
  }
  return { fitting, forms };
}

function keysAt(around: Around[], shop: Vocabulary): Offer[] {
  const { fitting } = formsAt(around, shop);
  const known = around.at(-1)?.values ?? new Map<string, string>();
  const keys = fitting.flatMap((form) => [...Object.keys(form.properties ?? {}), ...(form.propertyNames?.enum ?? [])]);
  const noun = (key: string) => (isSteps(fitting) ? shop.verbs.find(({ verb }) => verb === key)?.noun : undefined);
  return keys.filter((key) => !known.has(key)).map((label) => ({ label, isKey: true, detail: noun(label) }));
}

function valuesAt(around: Around[], text: string, shop: Vocabulary): Offer[] {
  const constants = formsAt(around, shop).forms.flatMap(constantsOf);
  const known: Named[] = [...(names(around, text, shop) ?? []), ...constants.map((label) => ({ label }))];
  return known.map((each) => ({ ...each, isKey: false }));
}

const isSteps = (forms: Schema[]) => forms.length > 1 && forms.some((form) => form.properties?.send);

/** The forms of a mapping that have all keys that are written; all of them, if none has. */
function fit(forms: Schema[], { values, key }: Around): Schema[] {
  const written = [...values.keys(), ...(key === undefined ? [] : [key])];
  const objects = forms.filter((form) => form.properties ?? form.additionalProperties);
  const has = (form: Schema, each: string) => each in (form.properties ?? {}) || typeof form.additionalProperties === "object";
  const fitting = objects.filter((form) => written.every((each) => has(form, each)));
  return fitting.length > 0 ? fitting : objects;
} // prettier-ignore

/** The values that a form has but a few of, and those that its description gives for examples. */
function constantsOf({ enum: all, const: one, type, description }: Schema): string[] {
  if (all) return all;
  if (one !== undefined) return [String(one)];
  if (type === "boolean") return ["true", "false"];
  const examples = /; (?:write|it begins)(?: it like)? (.*)$/s.exec(description ?? "")?.[1];
  if (type !== "string" || !examples) return [];
  return examples.split(/, | or /).map((each) => each.replace(/^a (?:list|weekday) .*|`/g, "").trim()).filter((each) => each !== "" && !each.includes("NAME")); // prettier-ignore
}

type Named = Omit<Offer, "isKey">;
const called = ({ name, called }: { name: string; called: string }): Named =>
  name === called ? { label: name } : { label: name, detail: called };

/** What the shop has a name for that belongs here. */
function names(around: Around[], text: string, shop: Vocabulary): Named[] | undefined {
  const last = around.at(-1);
  const owner = last?.kind === "list" ? around.at(-2) : last;
  const key = owner?.key ?? "";
  const events = () => shop.events.map(({ event, called: named }) => called({ name: event, called: named }));
  if (RECEIPTS.includes(key)) return idsBefore(text);
  switch (key) {
    case "send":
      return shop.templates.map(({ template, channels }) => ({ label: template, detail: channels.join(" ") }));
    case "via": {
      const template = owner?.values.get("send");
      return shop.templates.find((each) => each.template === template)?.channels.map((label) => ({ label }));
    }
    case "coupon":
    case "campaign":
      return shop.campaigns.map(called);
    case "segment":
      return shop.segments.map(called);
    case "for_each":
      return ["near_expiry_lot", "birthday", ...shop.segments.map(({ name }) => `segment:${name}`)].map((label) => ({ label })); // prettier-ignore
    case "tag":
    case "untag":
      return shop.tags.map(called);
    case "webhook":
      return shop.webhooks.map((label) => ({ label }));
    case "assign":
      return [{ label: "owner" }];
    case "event":
    case "events":
      return events();
    case "of":
      return owner?.values.has("within_km") ? fields(around, text, shop) : events();
    case "per":
      return [{ label: "customer" }, ...fields(around, text, shop)];
    case "field":
    case "some":
    case "every":
    case "sum":
    case "average":
    case "min":
    case "max":
    case "latest":
    case "first":
    case "distinct":
      return fields(around, text, shop);
    default:
      return undefined;
  }
}

const idsBefore = (text: string): Named[] =>
  [...text.matchAll(/\bid:\s*["']?(\w+)/g)].map(([, label = ""]) => ({ label }));

/** The fields that can be asked about here: of the event or the item in view, of what began the journey, and others. */
function fields(around: Around[], text: string, shop: Vocabulary): Named[] {
  const trigger = /^trigger:[^#]*?\bevent:\s*["']?([\w.]+)/ms.exec(text)?.[1];
  let event = trigger;
  let root: "event" | "trigger" | "item" = around[0]?.key === "trigger" ? "event" : "trigger";
  for (const each of around) {
    if (each.kind !== "mapping" || each.key === undefined) continue;
    if (each.key === "where" || each.key === "share" || each.values.has("of")) {
      const of = each.values.get("event") ?? each.values.get("of");
      if (each.values.has("some") || each.values.has("every") || of?.endsWith(".items")) root = "item";
      else if (of !== undefined) [event, root] = [of, "event"];
    }
  }
  const begun =
    root === "trigger" || around[0]?.key === "trigger" ? [] : fieldsOfTrigger(shop, trigger, (each) => each);
  return [...fieldsOf(shop, event, root), ...begun].map(called);
}
