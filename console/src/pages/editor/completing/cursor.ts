/** A mapping or a list around a place in a text that is being written, and so needn't be whole. */
export interface Around {
  kind: "mapping" | "list";
  /** The column that its entries begin at; of one in brackets, none. */
  indent: number | null;
  /** The entry that is written. */
  key: string | undefined;
  /** The entries of a mapping so far, and those after the place, with their values where these are plain. */
  values: Map<string, string>;
}

/** Where something is written: what is around it, from the outside in, and whether it is a key or a value. */
export interface Cursor {
  around: Around[];
  at: "key" | "value";
  /** What is written of it. */
  word: string;
}

const KEY = /^("[^"]*"|'[^']*'|[^\s\-#[\]{},&*!|>'"%@`:][^#:[\]{},]*?|-[^\s#:[\]{},]+)\s*:(?=\s|$)/;
const WORD = /[\p{L}\p{N}_.:+%-]*$/u;

const unquoted = (text: string) => text.trim().replace(/^(["'])(.*)\1$/, "$2");
const uncommented = (line: string) => line.replace(/(^|\s)#.*$/, "$1");

function entry(around: Around[], kind: Around["kind"], indent: number | null): Around {
  const made: Around = { kind, indent, key: undefined, values: new Map() };
  around.push(made);
  return made;
}

const inBrackets = (around: Around[]) => around.at(-1)?.indent === null;

/** Reads what stands in brackets, or is the value of a key, to the end of the line. */
function readFlow(around: Around[], text: string): void {
  let token = "";
  let quote = "";
  const put = () => {
    const now = around.at(-1);
    const plain = unquoted(token);
    if (now?.kind === "mapping" && now.key !== undefined && plain !== "") now.values.set(now.key, plain);
    token = "";
  };
  for (let place = 0; place < text.length; place += 1) {
    const each = text.charAt(place);
    if (quote) {
      token += each;
      if (each === quote) quote = "";
      continue;
    }
    const flow = inBrackets(around);
    if ((each === '"' || each === "'") && token.trim() === "") {
      quote = each;
      token += each;
    } else if ((each === "{" || each === "[") && token.trim() === "") {
      entry(around, each === "{" ? "mapping" : "list", null);
      token = "";
    } else if (flow && (each === "}" || each === "]")) {
      put();
      around.pop();
    } else if (flow && each === ",") {
      put();
      const now = around.at(-1);
      if (now) now.key = undefined;
    } else if (flow && each === ":" && /^(\s|$)/.test(text.slice(place + 1))) {
      const now = around.at(-1);
      if (now?.kind === "mapping") {
        now.key = unquoted(token);
        now.values.set(now.key, "");
      }
      token = "";
    } else token += each;
  }
  put();
}

/** Reads the beginning of a line: dashes and a key; gives what is left of it. */
function readBlock(around: Around[], line: string): string {
  let indent = line.search(/\S|$/);
  let rest = line.slice(indent);
  for (;;) {
    const dash = /^-(\s+|$)/.exec(rest);
    const isIn = (each: Around) => each.indent !== null && (each.indent < indent || (each.indent === indent && (each.kind === "list") === Boolean(dash)));
    // A list may stand as far out as the key that it belongs to.
    const belongs = (each: Around, place: number) => Boolean(dash) && each.kind === "mapping" && each.indent === indent && (around[place + 1]?.kind === "list" || place === around.length - 1) && (each.values.get(each.key ?? "") ?? "") === "";
    for (let last = around.at(-1); last; last = around.at(-1)) {
      if (isIn(last) || belongs(last, around.length - 1)) break;
      around.pop();
    }
    if (!dash) break;
    const last = around.at(-1);
    if (last?.kind !== "list" || last.indent !== indent) entry(around, "list", indent);
    indent += dash[0].length;
    rest = rest.slice(dash[0].length);
  }
  const key = KEY.exec(rest);
  if (!key) return rest;
  const last = around.at(-1);
  const mapping = last?.kind === "mapping" && last.indent === indent ? last : entry(around, "mapping", indent);
  mapping.key = unquoted(key[1] ?? "");
  mapping.values.set(mapping.key, "");
  return rest.slice(key[0].length);
} // prettier-ignore

/** Finds out where in a text something is written: by its indents and brackets, for it needn't be whole. */
export function cursorAt(text: string, position: number): Cursor {
  const before = text.slice(0, position).split(/\r?\n/);
  const last = before.pop() ?? "";
  const around: Around[] = [];
  for (const raw of before) {
    const line = uncommented(raw);
    if (line.trim() === "") continue;
    readFlow(around, inBrackets(around) ? line : readBlock(around, line));
  }
  const word = WORD.exec(last)?.[0] ?? "";
  const line = last.slice(0, last.length - word.length);
  let rest = line;
  if (!inBrackets(around)) {
    rest = readBlock(around, `${line}${word === "" ? "" : "x"}`).replace(/x$/, "");
    const now = around.at(-1);
    const begun = KEY.test(line.trimStart().replace(/^(-\s+)+/, ""));
    if (!begun && !/^\s*[[{]/.test(rest)) {
      // Nothing but an indent, or a dash, stands before it: a key of what it is in, or of what begins here.
      const indent = line.length;
      if (now?.kind !== "mapping" || now.indent !== indent) {
        if (now?.kind !== "list" || now.indent === null || now.indent < indent) entry(around, "mapping", indent);
      } else now.key = undefined;
      readOn(around, text.slice(position));
      return { around, at: "key", word };
    }
  }
  readFlow(around, rest);
  const now = around.at(-1);
  const at = now?.kind === "mapping" && now.indent === null && now.key === undefined ? "key" : "value";
  return { around, at, word };
}

/** What a mapping goes on with after the place that is written at. */
function readOn(around: Around[], text: string): void {
  const now = around.at(-1);
  if (now?.kind !== "mapping" || now.indent === null) return;
  for (const line of text.split(/\r?\n/).slice(1)) {
    const plain = uncommented(line);
    if (plain.trim() === "") continue;
    const indent = plain.search(/\S/);
    if (indent < now.indent) return;
    const key = indent === now.indent ? KEY.exec(plain.slice(indent)) : null;
    if (indent === now.indent && !key) return;
    if (key) now.values.set(unquoted(key[1] ?? ""), unquoted(plain.slice(indent + key[0].length)));
  }
}
