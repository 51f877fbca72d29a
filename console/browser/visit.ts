import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import chromium from "@sparticuz/chromium";
import { type Browser, type BrowserContext, chromium as launcher, type Page } from "playwright-core";
import { expect, inject } from "vitest";
import { lendFont } from "./fonts";

const PICTURES = join(import.meta.dirname, "../../.aftershow/pictures");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const SIZES = [
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const;

/** Containers and root have no sandbox of their own to give; everything else is as people have it. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];

/** Milliseconds: machines that test have other things to do, too. */
const PATIENCE = 60_000;

interface AxeResult {
  violations: { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }[];
}

let browser: Promise<Browser> | undefined;
const contexts = new Map<string, Promise<BrowserContext>>();

/** The browser of all tests; it ends with their process. */
function theBrowser(): Promise<Browser> {
  browser ??= chromium.executablePath().then((executablePath) => launcher.launch({ executablePath, args: ARGS }));
  return browser;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Until the demo's story is told, its days pass in seconds: shows end and proposals lapse while one looks. Then its
 * clock stands still.
 */
export async function told(): Promise<void> {
  while (!existsSync(join(inject("data"), "story-is-told"))) await pause(500);
}

/** Waits until something holds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it doesn't come to hold: ${holds.toString()}`);
    await pause(250);
  }
}

/** Something happens in the shop. */
export async function happen(type: string, subject: string | undefined, data: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${inject("url")}/v1/events`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${inject("key")}` },
    body: JSON.stringify({ specversion: "1.0", id: crypto.randomUUID(), source: "browser-tests", type, subject, data }),
  });
  expect(answer.status).toBe(202);
}

/** What the API tells of something. */
export async function read(path: string): Promise<unknown> {
  const answer = await fetch(`${inject("url")}${path}`, { headers: { Authorization: `Bearer ${inject("key")}` } });
  return answer.json();
}

/** Has the API do something. */
export async function write(path: string, method = "POST"): Promise<unknown> {
  const answer = await fetch(`${inject("url")}${path}`, {
    method,
    headers: { Authorization: `Bearer ${inject("key")}` },
  });
  expect(answer.status).toBeLessThan(300);
  return answer.json();
}

interface Options {
  viewport?: { width: number; height: number };
  dark?: boolean;
  /** Answers that a test brings about on purpose, by status and the beginning of the path: `401 /v1/session`. */
  expected?: string[];
  /** Where one begins. */
  path?: string;
  /** In a browser of one's own: what is kept there, cookies and preferences, concerns no other visit. */
  alone?: boolean;
}

async function contextOf({ viewport = DESKTOP, dark = false }: Options): Promise<BrowserContext> {
  const context = await (
    await theBrowser()
  ).newContext({
    viewport,
    baseURL: inject("url"),
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    hasTouch: viewport === PHONE,
    isMobile: viewport === PHONE,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(PATIENCE);
  return context;
}

/** Somebody at a screen. What their console shows as an error, and a request that fails, is a fault. */
export class Visit {
  readonly faults: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly alone: boolean,
  ) {}

  static async begin(options: Options = {}): Promise<Visit> {
    const context = await contextOf(options);
    return Visit.in(context, true, options);
  }

  private static async in(context: BrowserContext, alone: boolean, options: Options): Promise<Visit> {
    const visit = new Visit(context, await context.newPage(), alone);
    visit.listen(options.expected ?? []);
    return visit;
  }

  private listen(expected: string[]): void {
    this.page.on("console", (message) => {
      const isAnswer = message.text().startsWith("Failed to load resource");
      if ((message.type() === "error" || message.type() === "warning") && !isAnswer)
        this.faults.push(`console: ${message.text()}`);
    });
    this.page.on("pageerror", (error) => this.faults.push(`error: ${error.message}`));
    this.page.on("requestfailed", (request) => {
      if (request.failure()?.errorText !== "net::ERR_ABORTED") this.faults.push(`failed: ${request.url()}`);
    });
    this.page.on("response", (response) => {
      const path = new URL(response.url()).pathname;
      if (response.status() >= 400 && !expected.some((each) => `${response.status()} ${path}`.startsWith(each)))
        this.faults.push(`${response.status()} ${path}`);
    });
  }

  /** As somebody of a role, who is signed in already. What was loaded for their role and size before isn't again. */
  static async as(role: string, options: Options = {}): Promise<Visit> {
    const make = async () => {
      const context = await contextOf(options);
      const value = inject("cookies")[role] ?? "";
      const url = inject("url");
      await context.addCookies([{ name: "aftershow_session", value, url, httpOnly: true, sameSite: "Strict" }]);
      return context;
    };
    const key = JSON.stringify([role, options.viewport ?? DESKTOP, options.dark ?? false]);
    const shared = options.alone ? undefined : (contexts.get(key) ?? make());
    if (shared) contexts.set(key, shared);
    const visit = await Visit.in(await (shared ?? make()), options.alone ?? false, options);
    await visit.page.goto(options.path ?? "/console");
    await visit.page.getByRole("button", { name: "搜索" }).waitFor();
    return visit;
  }

  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await lendFont(this.page);
    await this.page.screenshot({ timeout: PATIENCE, path: join(PICTURES, `${name}.png`) });
  }

  /** Fails if the page has a serious fault for people who can't see or use it as most do. */
  async isAccessible(): Promise<void> {
    if (!(await this.page.evaluate("'axe' in window"))) await this.page.evaluate(axe);
    // Colours that are on their way are nobody's.
    await this.page.evaluate(async () => {
      const passing = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(passing.map((each) => each.finished));
    });
    const { violations } = await this.page.evaluate<AxeResult>(
      "axe.run({ resultTypes: ['violations'], preload: false })",
    );
    const serious = violations
      .filter((each) => each.impact === "serious" || each.impact === "critical")
      .map(
        (each) => `${each.id}: ${each.nodes.map((node) => `${node.html}\n   ${node.failureSummary ?? ""}`).join("\n")}`,
      );
    expect(serious).toEqual([]);
  }

  async end(): Promise<void> {
    await (this.alone ? this.context.close() : this.page.close());
    expect(this.faults).toEqual([]);
  }
}
