import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { BrowserContext } from "playwright-core";

const css = createRequire(import.meta.url).resolve("@fontsource-variable/noto-sans-sc/index.css");
const FACE = /src: url\(\.\/files\/([^)]+)\)[^;]*;\s*unicode-range: ([^;]+);/g;

/** Gives pages a Chinese font, for a bare machine has none: it answers to the name of the first in our list. */
export async function lendFont(context: BrowserContext): Promise<void> {
  const faces = [...(await readFile(css, "utf8")).matchAll(FACE)].map(([, file, range]) => ({ file, range }));
  await context.route("**/lent-font/*", async (route) => {
    const file = new URL(route.request().url()).pathname.split("/").at(-1) ?? "";
    await route.fulfill({ contentType: "font/woff2", body: await readFile(join(dirname(css), "files", file)) });
  });
  await context.addInitScript((all) => {
    for (const { file, range } of all)
      document.fonts.add(
        new FontFace("PingFang SC", `url(/lent-font/${file})`, { unicodeRange: range ?? "", weight: "100 900" }),
      );
  }, faces);
}
