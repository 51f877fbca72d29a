import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { playProviders } from "./providers";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    /** The cookie of somebody signed in, by their role. */
    cookies: Record<string, string>;
    /** An API key. */
    key: string;
    /** Where the shop keeps its data. */
    data: string;
    /** The process that starts again what has died. */
    supervisor: number;
  }
}

const root = join(import.meta.dirname, "../..");
const PATIENCE = 120_000;

/** A port that nobody has, below those that the system gives to connections of its own meanwhile. */
async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
  return free ? port : freePort();
}

async function signIn(url: string, link: string): Promise<string> {
  const answer = await fetch(`${url}/v1/session/link`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: new URL(link).hash.slice(1) }),
  });
  const cookie = /aftershow_session=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "")?.[1];
  if (!cookie) throw new Error(`${answer.status} ${await answer.text()}`);
  return cookie;
}

/** What must have happened before the demo's days pass, for something to come of it: purchases of a guide's customers. */
async function begin(url: string, key: string): Promise<void> {
  const names = ["<img onerror=alert(1)>", "王小雨", "李思远", "陈一诺"];
  const events: object[] = names.flatMap((name, number) => {
    const common = { specversion: "1.0", source: "browser-tests", subject: `phone:+861370000001${number}` };
    const items = [{ sku: "beans-250", category: "咖啡豆", quantity: 5, price: 8900 }];
    // Three purchases of some worth make somebody whom a journey has called.
    const orders = [1, 2, 3].map((order) => ({ order_id: `desk-${number}-${order}`, total: 44_500, items }));
    return [
      { ...common, id: `owner-${number}`, type: "customer.updated", data: { owner: "guide-lin", name } },
      ...orders.map((data) => ({ ...common, id: data.order_id, type: "order.paid", data })),
    ];
  });
  const other = { owner: "guide-zhou", name: "别人的客户" };
  events.push({
    ...{ specversion: "1.0", source: "browser-tests", subject: "phone:+8613700000099" },
    ...{ id: "owner-other", type: "customer.updated", data: other },
  });
  const answer = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { "Content-Type": "application/cloudevents-batch+json", Authorization: `Bearer ${key}` },
    body: JSON.stringify(events),
  });
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Runs a demo shop, as `aftershow up --demo` does, for all browser tests, and ends it after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), "console-"));
  const [port, temporal, ui] = [await freePort(), await freePort(), await freePort()];
  const providers = await playProviders();
  const ports = ["--port", port, "--temporal-port", temporal, "--ui-port", ui].map(String);
  const up = spawn(join(root, ".venv/bin/aftershow"), ["up", "--demo", "--data", data, ...ports], {
    cwd: root,
    env: {
      ...process.env,
      ...providers.environment,
      AFTERSHOW_TEST_ADDRESSES: JSON.stringify({ sms: "+8613900000009", wecom: "wm_test" }),
    },
  });
  const ended = new Promise<void>((resolve) =>
    up.on("exit", () => {
      resolve();
    }),
  );
  let said = "";
  const links = await new Promise<Record<string, string>>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the shop isn't up:\n${said}`));
    }, PATIENCE);
    const hear = (part: Buffer) => {
      said += part.toString();
      if (!said.includes("Post an event")) return;
      clearTimeout(timer);
      resolve(
        Object.fromEntries(
          [...said.matchAll(/^ +(\w+) +(http\S+\/console\/enter#\S+)$/gm)].map(([, role = "", link = ""]) => [
            role,
            link,
          ]),
        ),
      );
    };
    up.stdout.on("data", hear);
    up.stderr.on("data", hear);
    void ended.then(() => {
      reject(new Error(`the shop ended:\n${said}`));
    });
  });
  const url = `http://127.0.0.1:${port}`;
  const cookies: Record<string, string> = {};
  for (const [role, link] of Object.entries(links)) cookies[role] = await signIn(url, link);
  const key = readFileSync(join(data, "key"), "utf8").trim();
  await begin(url, key);
  project.provide("url", url);
  project.provide("key", key);
  project.provide("data", data);
  project.provide("supervisor", up.pid ?? -1);
  project.provide("cookies", cookies);
  return async () => {
    up.kill("SIGINT");
    await ended;
    providers.server.close();
    rmSync(data, { recursive: true, force: true });
  };
}
