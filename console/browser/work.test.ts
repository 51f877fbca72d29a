import { afterAll, beforeAll, expect, it } from "vitest";
import { close, DESKTOP, happen, launch, PHONE, read, Visit } from "./visit";

beforeAll(async () => {
  await launch();
  // Until the demo's story is told, its days pass in seconds, and an undecided proposal lapses with them.
  // The clock also waits for a backlog, but not for so long.
  let before = "";
  for (let still = 0; still < 4;) {
    await pause(1500);
    const now = await journeyTime();
    still = now === before ? still + 1 : 0;
    before = now;
  }
  // An alarm proposes nothing until the product has sold.
  for (let tries = 0; tries < 20 && !(await isProposed()); tries++) {
    await happen("stock.alarm", undefined, { sku: "egg-30", kind: "selling_out", per_minute: 40 });
    await pause(4000);
  }
}, 400_000);
afterAll(close);

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function journeyTime(): Promise<string> {
  return ((await read("/v1/clock")) as { now: string }).now;
}

async function isProposed(): Promise<boolean> {
  const { replenishments } = (await read("/v1/replenishments?status=proposed")) as { replenishments: unknown[] };
  return replenishments.length > 0;
}

it.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)("today is where one begins, and leads to what needs somebody: %s", async (name, viewport) => {
  const visit = await Visit.as("admin", { viewport });
  const { page } = visit;
  await page.getByRole("heading", { name: "今日" }).waitFor();
  console.log(`first page: ${visit.bytes} bytes`);
  const decide = page.getByRole("link", { name: "去审批" });
  await decide.waitFor({ timeout: 60_000 });
  await page.getByText("卖出（件）").waitFor({ timeout: 60_000 });
  await visit.picture(`today-${name}`);
  await visit.isAccessible();
  await decide.click();
  await page.getByRole("row", { name: /egg-30/ }).waitFor({ timeout: 60_000 });
  await visit.end();
});

it("a buyer is told what is wrong with a quantity, and refuses", async () => {
  const visit = await Visit.as("buyer", { expected: ["422"] });
  const { page } = visit;
  await page.goto("/console/replenishments");
  const row = page.getByRole("row", { name: /egg-30/ });
  await row.getByRole("button", { name: "改数量" }).click({ timeout: 60_000 });
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("spinbutton").fill("900000");
  await dialog.getByRole("button", { name: "下单" }).click();
  await dialog.getByText(/十倍以上/).waitFor();
  expect(await dialog.getByRole("button", { name: "下单" }).isDisabled()).toBe(true);
  await visit.picture("replenishment-change");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "取消" }).click();
  await row.getByRole("button", { name: "拒绝" }).click();
  await dialog.getByRole("button", { name: "拒绝" }).click();
  await row.waitFor({ state: "detached" });
  await page.getByText("全部", { exact: true }).click();
  await row.getByText("已拒绝").waitFor();
  await visit.picture("replenishments-desktop");
  await visit.end();
});

it("whoever may only read decides nothing, and the ledger is looked through by state", async () => {
  const visit = await Visit.as("operator");
  const { page } = visit;
  await page.goto("/console/replenishments");
  await page.getByText("全部", { exact: true }).click();
  await page
    .getByRole("row", { name: /egg-30/ })
    .first()
    .waitFor();
  expect(await page.getByRole("button", { name: "批准" }).count()).toBe(0);
  await page.goto("/console/messages");
  await page.getByText("没有结果不明的消息").waitFor();
  await visit.isAccessible();
  await page.getByText("失败", { exact: true }).click();
  await page.getByText("没有失败的消息").waitFor();
  expect(page.url()).toContain("status=failed");
  await visit.picture("messages-desktop");
  await visit.end();
});
