import { mkdirSync, readFileSync } from "node:fs";
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

/** Containers and root have no sandbox of their own to give; everything else is as people have it. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];

/** Milliseconds: machines that test have other things to do, too. */
const PATIENCE = 60_000;

interface AxeResult {
  violations: { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }[];
}

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  browser = await launcher.launch({ executablePath: await chromium.executablePath(), args: ARGS });
}

export async function close(): Promise<void> {
  await browser?.close();
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

interface Options {
  viewport?: { width: number; height: number };
  dark?: boolean;
  /** Answers that a test brings about on purpose, by status and the beginning of the path: `401 /v1/session`. */
  expected?: string[];
}

/** Somebody at a screen. What their console shows as an error, and a request that fails, is a fault. */
export class Visit {
  readonly faults: string[] = [];
  bytes = 0;

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async begin({ viewport = DESKTOP, dark = false, expected = [] }: Options = {}): Promise<Visit> {
    if (!browser) throw new Error("launch the browser first");
    const context = await browser.newContext({
      viewport,
      baseURL: inject("url"),
      locale: "zh-CN",
      timezoneId: "Asia/Shanghai",
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
      hasTouch: viewport === PHONE,
      isMobile: viewport === PHONE,
    });
    context.setDefaultTimeout(PATIENCE);
    await lendFont(context);
    const page = await context.newPage();
    const visit = new Visit(context, page);
    visit.listen(expected);
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
      if (path.startsWith("/console")) this.bytes += Number(response.headers()["content-length"] ?? 0);
    });
  }

  /** As somebody of a role, who is signed in already. */
  static async as(role: string, options: Options = {}): Promise<Visit> {
    const visit = await Visit.begin(options);
    const value = inject("cookies")[role] ?? "";
    const cookie = {
      name: "aftershow_session",
      value,
      url: inject("url"),
      httpOnly: true,
      sameSite: "Strict",
    } as const;
    await visit.context.addCookies([cookie]);
    await visit.page.goto("/console");
    await visit.page.getByRole("button", { name: "搜索" }).waitFor();
    return visit;
  }

  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.evaluate(() => document.fonts.ready);
    await this.page.screenshot({ timeout: PATIENCE, path: join(PICTURES, `${name}.png`) });
  }

  /** Fails if the page has a serious fault for people who can't see or use it as most do. */
  async isAccessible(): Promise<void> {
    await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate<AxeResult>("axe.run({ resultTypes: ['violations'] })");
    const serious = violations
      .filter((each) => each.impact === "serious" || each.impact === "critical")
      .map(
        (each) => `${each.id}: ${each.nodes.map((node) => `${node.html}\n   ${node.failureSummary ?? ""}`).join("\n")}`,
      );
    expect(serious).toEqual([]);
  }

  async end(): Promise<void> {
    await this.context.close();
    expect(this.faults).toEqual([]);
  }
}
