import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";

const css = createRequire(import.meta.url).resolve("@fontsource-variable/noto-sans-sc/index.css");
const FACE = /src: url\(\.\/files\/([^)]+)\)[^;]*;\s*unicode-range: ([^;]+);/g;

/** The parts of the font, each with the characters that it draws. */
const PARTS = [...readFileSync(css, "utf8").matchAll(FACE)].map(([, file = "", range = ""]) => ({
  file: join(dirname(css), "files", file),
  range,
  spans: range.split(",").map((each) => {
    const [from = "", to = from] = each.trim().replace("U+", "").split("-");
    return [parseInt(from, 16), parseInt(to, 16)] as const;
  }),
}));

/**
 * Gives a page a Chinese font, for a bare machine has none: it answers to the name of the first in our list. Only the
 * parts that its text asks for are handed over, and only to be looked at: requests stay as they are, cache included.
 */
export async function lendFont(page: Page): Promise<void> {
  const text = await page.evaluate(() =>
    [...document.querySelectorAll("input, textarea")]
      .map((each) => (each as HTMLInputElement).placeholder + (each as HTMLInputElement).value)
      .concat(document.body.innerText)
      .join(""),
  );
  const points = [...new Set(text)].map((each) => each.codePointAt(0) ?? 0);
  const asked = PARTS.filter(({ spans }) =>
    spans.some(([from, to]) => points.some((each) => each >= from && each <= to)),
  );
  const faces = asked.map(({ file, range }) => ({ range, file, data: readFileSync(file).toString("base64") }));
  await page.evaluate(async (parts) => {
    const lent = ((window as { lent?: Set<string> }).lent ??= new Set());
    for (const { file, range, data } of parts) {
      if (lent.has(file)) continue;
      lent.add(file);
      const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
      document.fonts.add(new FontFace("PingFang SC", bytes, { unicodeRange: range, weight: "100 900" }));
    }
    await document.fonts.ready;
  }, faces);
}
