import { beforeAll, expect, it } from "vitest";
import { DESKTOP, happen, PHONE, read, told, Visit } from "./visit";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const ROW = /egg-30|milk-950|beans-250/;

async function proposed(): Promise<string[]> {
  const { replenishments } = (await read("/v1/replenishments?status=proposed")) as {
    replenishments: { sku: string }[];
  };
  return replenishments.map((each) => each.sku);
}

beforeAll(async () => {
  await told();
  // An alarm proposes nothing until the product has sold. One is decided on by each who may, and one stays.
  let missing = ["egg-30", "milk-950", "beans-250"];
  for (let tries = 0; tries < 20 && missing.length > 0; tries++) {
    for (const sku of missing) await happen("stock.alarm", undefined, { sku, kind: "selling_out", per_minute: 40 });
    for (let looks = 0; looks < 8 && missing.length > 0; looks++) {
      await pause(250);
      const there = await proposed();
      missing = missing.filter((each) => !there.includes(each));
    }
  }
});

it.concurrent.each([
  ["desktop", DESKTOP, "admin"],
  ["phone", PHONE, "buyer"],
] as const)("today is where one begins, and leads to what needs somebody: %s", async (name, viewport, role) => {
  const visit = await Visit.as(role, { viewport });
  const { page } = visit;
  await page.getByRole("heading", { name: "今日" }).waitFor();
  const decide = page.getByRole("link", { name: "去审批" });
  await decide.waitFor();
  await page.getByText("卖出（件）").waitFor();
  await visit.picture(`today-${name}`);
  await visit.isAccessible();
  await decide.click();
  await page.getByRole("row", { name: ROW }).first().waitFor();
  await visit.end();
});

it("a buyer is told what is wrong with a quantity, and refuses", async () => {
  const visit = await Visit.as("buyer", { expected: ["422"], path: "/console/replenishments" });
  const { page } = visit;
  const which = "egg-30";
  const row = page.getByRole("row", { name: which });
  await row.getByRole("button", { name: "改数量" }).click();
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
  await page.getByRole("row", { name: which }).waitFor({ state: "detached" });
  await page.getByText("全部", { exact: true }).click();
  await page.getByRole("row", { name: which }).getByText("已拒绝").first().waitFor();
  await visit.picture("replenishments-desktop");
  await visit.isAccessible();
  await visit.end();
});

it("an admin approves on a phone", async () => {
  const visit = await Visit.as("admin", { viewport: PHONE, path: "/console/replenishments" });
  const { page } = visit;
  const which = "milk-950";
  const row = page.getByRole("row", { name: which });
  await visit.picture("replenishments-phone");
  await visit.isAccessible();
  await row.getByRole("button", { name: "批准" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await visit.picture("replenishment-approve-phone");
  await dialog.getByRole("button").last().click();
  await page.getByRole("row", { name: which }).waitFor({ state: "detached" });
  await visit.end();
});

it.concurrent.each([
  ["marketer", DESKTOP],
  ["operator", PHONE],
] as const)("the ledger is looked through by state: %s", async (role, viewport) => {
  const visit = await Visit.as(role, { viewport, path: "/console/messages" });
  const { page } = visit;
  await page.getByText("没有结果不明的消息").waitFor();
  await visit.isAccessible();
  await page.getByText("失败", { exact: true }).click();
  await page.getByText("没有失败的消息").waitFor();
  expect(page.url()).toContain("status=failed");
  await visit.picture(`messages-${viewport === DESKTOP ? "desktop" : "phone"}`);
  await visit.end();
});
