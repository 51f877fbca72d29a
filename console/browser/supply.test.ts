import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, inject, it } from "vitest";
import { DESKTOP, happen, PHONE, read, told, until, Visit } from "./visit";

const root = join(import.meta.dirname, "../..");
const TERMS = `
  muchang:
    name: 青山牧场
    way: vmi
    lead_time: 1d
    buyer: 采购
    products:
      oat-1l: {pack: 12, shelf_life: 30d, min: 60, max: 240, price: 880}
      cheese-6: {pack: 6, min: 12, max: 90}
  xiaochang:
    name: 小厂
    way: order
    lead_time: 1d
    products:
      jam-200: {pack: 4, min: 8, max: 40}
`;

function aftershow(...args: string[]): string {
  const all = [...args, "--data", inject("data")];
  return execFileSync(join(root, ".venv/bin/aftershow"), all, { cwd: root, encoding: "utf8" });
}

const specs = mkdtempSync(join(tmpdir(), "supply-"));
let plan = 0;

beforeAll(async () => {
  await told();
  cpSync(join(root, "journey_specs"), specs, { recursive: true });
  const file = join(specs, "_supply.yaml");
  writeFileSync(file, readFileSync(file, "utf8") + TERMS);
  aftershow("publish", "--force", "--specs", specs);
  await happen("product.updated", undefined, { sku: "oat-1l", name: "燕麦奶 1L" });
  await happen("product.updated", undefined, { sku: "jam-200", name: "草莓果酱" });
  // Its run may have planned it meanwhile.
  const headers = { Authorization: `Bearer ${inject("key")}` };
  await fetch(`${inject("url")}/v1/suppliers/muchang/plans`, { method: "POST", headers });
  const plans = (await read("/v1/supply/plans?supplier=muchang")) as { id: number }[];
  plan = plans[0]?.id ?? 0;
});

const link = () => aftershow("supply", "link", "muchang", "--url", inject("url")).trim();

it("a supplier changes a plan on a phone, and the buyer decides what differs", async () => {
  const supplier = await Visit.begin({ viewport: PHONE });
  await supplier.page.goto(link());
  await supplier.page.getByRole("heading", { name: "青山牧场" }).waitFor();
  await supplier.page.getByText("燕麦奶 1L").first().waitFor();
  await supplier.picture("supplier-phone");
  await supplier.isAccessible();
  await supplier.page.getByLabel("燕麦奶 1L 的数量").fill("24");
  await supplier.page.getByRole("button", { name: "确认", exact: true }).click();
  await supplier.page.getByText("数量改过了").waitFor();
  await supplier.page.getByLabel("说明（选填）").fill("只有两箱");
  await supplier.page.getByRole("button", { name: "按改后的数量答复" }).click();
  await supplier.page.getByText("收到了，对方采购会看这些改动。").waitFor();
  await supplier.picture("supplier-answered-phone");

  const visit = await Visit.as("buyer", { expected: ["422"], path: "/console/replenishments?tab=plans" });
  const { page } = visit;
  const row = page.getByRole("row", { name: /青山牧场/ });
  await row.getByText("燕麦奶 1L 比建议少").waitFor();
  await visit.picture("supply-plans-desktop");
  await visit.isAccessible();
  await row.getByRole("link").click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("只有两箱").waitFor();
  await drawer
    .getByText(/补到最低库存/)
    .first()
    .waitFor();
  await visit.picture("supply-plan-desktop");
  await visit.isAccessible();
  await drawer.getByRole("button", { name: "改数量" }).click();
  const dialog = page.getByRole("dialog").last();
  await dialog.getByLabel("燕麦奶 1L").fill("600");
  await dialog.getByRole("button", { name: "下单" }).click();
  await dialog.getByText(/建议的十倍/).waitFor();
  await visit.picture("supply-decide-desktop");
  await visit.isAccessible();
  await dialog.getByLabel("燕麦奶 1L").fill("36");
  await dialog.getByLabel("说明（供应商会看到）").fill("补到三箱");
  await dialog.getByRole("button", { name: "下单" }).click();
  await drawer.getByText("补到三箱").waitFor();
  const path = `/v1/supply/plans/${plan}`;
  await until(async () => ((await read(path)) as { status: string }).status === "ordered");
  expect((await read(path)) as object).toMatchObject({
    ordered: { "oat-1l": 36, "cheese-6": 12 },
  });

  await supplier.page.goto(link());
  await supplier.page.getByText("补到三箱").waitFor();
  await supplier.page.getByText(/燕麦奶 1L 36/).waitFor();
  await supplier.picture("supplier-history-phone");
  await supplier.isAccessible();
  await supplier.end();
  await visit.end();
});

it.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)(
  "suppliers have a scorecard, and their next delivery can be planned at once: %s",
  async (name, viewport) => {
    const expected = ["409 /v1/suppliers/xiaochang/plans"];
    const visit = await Visit.as("admin", { viewport, expected, path: "/console/replenishments" });
    const { page } = visit;
    await page.getByRole("tab", { name: "供应商" }).click();
    const row = page.getByRole("row", { name: /小厂/ });
    await row.getByRole("button", { name: "现在算下一次" }).click();
    await page.getByText(/算好了|已经有计划了/).waitFor();
    await page.locator(".ant-btn-loading").waitFor({ state: "detached" });
    await visit.picture(`suppliers-${name}`);
    await visit.isAccessible();
    await page.getByRole("tab", { name: "供货计划" }).click();
    await page.getByText("等答复", { exact: true }).click();
    await page.getByRole("row", { name: /小厂/ }).getByRole("link").click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("还没有答复").waitFor();
    await visit.picture(`supply-asked-${name}`);
    await drawer.getByRole("button", { name: "草莓果酱" }).click();
    await page.getByText(/还没有销量，没有预测/).waitFor();
    await visit.isAccessible();
    await visit.end();
  },
);

it.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)("a planned show tells what it will sell: %s", async (name, viewport) => {
  const id = `forecast-${name}`;
  const { now } = (await read("/v1/clock")) as { now: string };
  const starts_at = new Date(Date.parse(now) + 2 * 86_400_000).toISOString();
  const products = [{ sku: "beans-250" }, { sku: "milk-950" }];
  await happen("stream.scheduled", undefined, { stream_id: id, title: "咖啡早市", starts_at, minutes: 90, products });
  const visit = await Visit.as("operator", { viewport, path: `/console/shows/${id}` });
  await visit.page
    .getByRole("region", { name: "预测" })
    .getByRole("row", { name: /咖啡豆/ })
    .waitFor();
  await visit.picture(`show-forecast-${name}`);
  await visit.isAccessible();
  await visit.end();
});
