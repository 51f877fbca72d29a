import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    /** A link that wasn't used yet, of an analyst. */
    link: string;
    /** The cookie of somebody signed in, by their role. */
    cookies: Record<string, string>;
    /** An API key. */
    key: string;
  }
}

const root = join(import.meta.dirname, "../..");
const PATIENCE = 120_000;

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
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

/** Runs a demo shop, as `aftershow up --demo` does, for all browser tests, and ends it after them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), "console-"));
  const [port, temporal, ui] = [await freePort(), await freePort(), await freePort()];
  const ports = ["--port", port, "--temporal-port", temporal, "--ui-port", ui].map(String);
  const up = spawn(join(root, ".venv/bin/aftershow"), ["up", "--demo", "--data", data, ...ports], { cwd: root });
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
  const { analyst = "", ...others } = links;
  const cookies: Record<string, string> = {};
  for (const [role, link] of Object.entries(others)) cookies[role] = await signIn(url, link);
  project.provide("url", url);
  project.provide("link", analyst);
  project.provide("key", readFileSync(join(data, "key"), "utf8").trim());
  project.provide("cookies", cookies);
  return async () => {
    up.kill("SIGINT");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
}
