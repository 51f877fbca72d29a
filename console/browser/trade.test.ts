import { beforeAll, expect, it } from "vitest";
import { DESKTOP, happen, PHONE, read, told, until, Visit } from "./visit";

beforeAll(told);

/** A campaign with coupons that can still be used. */
async function live(): Promise<string> {
  const find = async () => {
    const campaigns = (await read("/v1/campaigns")) as { campaign: string; live: number }[];
    return campaigns.find((each) => each.live > 0)?.campaign ?? "";
  };
  await until(async () => (await find()) !== "");
  return find();
}

it.concurrent.each([
  ["desktop", DESKTOP, "operator"],
  ["phone", PHONE, "admin"],
] as const)(
  "campaigns tell what is left of them, and a code leads to a coupon's life: %s",
  async (name, viewport, role) => {
    const visit = await Visit.as(role, { viewport, expected: ["404 /v1/coupons"], path: "/console/coupons" });
    const { page } = visit;
    const campaign = await live();
    const row = page.getByRole("row", { name: new RegExp(campaign) });
    await row.waitFor();
    await visit.picture(`coupons-${name}`);
    await visit.isAccessible();

    await page.getByRole("searchbox", { name: "查券码" }).fill("nothing");
    await page.getByRole("button", { name: "查券码" }).click();
    await page.getByText("没有这张券。").waitFor();
    await page.keyboard.press("Escape");

    await row.getByRole("link").click();
    await page.getByRole("heading", { name: /最近 30 天/ }).waitFor();
    await visit.picture(`campaign-${name}`);
    await visit.isAccessible();
    const { coupons } = (await read(`/v1/campaigns/${campaign}/coupons?status=issued&limit=2`)) as {
      coupons: { code: string }[];
    };
    const code = coupons[name === "desktop" ? 0 : 1]?.code ?? ""; // each has their own
    await page.goto(`/console/coupons?code=${code}`);
    const drawer = page.getByRole("dialog");
    await drawer.getByText("来龙去脉").waitFor();
    await drawer.getByText("发出", { exact: true }).waitFor();
    await visit.picture(`coupon-${name}`);
    await visit.isAccessible();
    await drawer.getByRole("button", { name: "收回" }).click();
    await page.getByText(`收回券 ${code}？`).waitFor();
    await page.getByRole("dialog").last().getByRole("button", { name: "收回" }).click();
    await drawer.getByText("已收回").waitFor();
    await visit.end();
  },
);

const sheet = (lot: string) =>
  `批次,货号,数量,到期日,门店,备注\n${lot},milk-950,40,2027-03-20,杭州一店,急\nBT-2,tea,7箱,2027-09-01,杭州一店,\n`;

it.concurrent.each([
  ["desktop", DESKTOP, "buyer"],
  ["phone", PHONE, "operator"],
  ["again", DESKTOP, "admin"],
] as const)("a sheet of stock shows what it would change before it does: %s", async (name, viewport, role) => {
  const visit = await Visit.as(role, { viewport, expected: ["422 /v1/stock/import"], path: "/console/stock" });
  const lot = `BT-${name}`;
  const { page } = visit;
  await page.getByRole("row").nth(1).waitFor();
  await page.getByRole("main").getByRole("link").first().waitFor();
  await visit.picture(`stock-${name}`);
  await visit.isAccessible();

  await page.getByRole("button", { name: "导入表格" }).click();
  const dialog = page.getByRole("dialog");
  const choose = dialog.locator("input[type=file]");
  await choose.setInputFiles({ name: "照片.csv", mimeType: "text/csv", buffer: Buffer.from("hello") });
  await dialog
    .getByText(/照片\.csv/)
    .first()
    .waitFor();
  await dialog.getByRole("alert").waitFor();
  await choose.setInputFiles({ name: "清单.csv", mimeType: "text/csv", buffer: Buffer.from(sheet(lot)) });
  await dialog.getByText("第 3 行，数量：要是不带单位的数，像 120 或 0.75").waitFor();
  await dialog.getByText(/1 行有错，会跳过/).waitFor();
  await dialog.getByRole("cell", { name: lot }).waitFor();
  await visit.picture(`stock-import-${name}`);
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "导入 1 行" }).click();
  await dialog.getByText("已导入 1 行").waitFor();
  await dialog.getByRole("button", { name: "完成" }).click();
  await page.getByRole("textbox", { name: "按批次、货号或名称筛选" }).fill(lot);
  await page.getByRole("link", { name: lot }).click();
  await page.getByRole("dialog").getByRole("cell", { name: "入库" }).first().waitFor();
  await visit.picture(`lot-${name}`);
  await visit.isAccessible();
  await visit.end();
});

it.concurrent.each([
  ["desktop", DESKTOP, "marketer"],
  ["phone", PHONE, "operator"],
  ["again", DESKTOP, "admin"],
] as const)(
  "a show is planned, moved and called off, and a running one tells what it sells: %s",
  async (name, viewport, role) => {
    const visit = await Visit.as(role, { viewport, expected: ["409 /v1/streams"] });
    const { page } = visit;
    const id = `show-${crypto.randomUUID().slice(0, 8)}`;
    await page.goto("/console/shows");
    await page.getByRole("main").getByRole("link").first().waitFor();
    await page.getByRole("button", { name: "排一场直播" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("名称").fill("周末加场");
    await dialog.getByLabel("场次编号").fill(id);
    await dialog.getByRole("button", { name: "排期" }).click();
    await dialog.getByText("必填").waitFor();
    const { now } = (await read("/v1/clock")) as { now: string };
    const ahead = new Date(Date.parse(now) + 5 * 86_400_000).toISOString().slice(0, 10);
    await dialog.getByLabel("开播时间").fill(`${ahead} 20:00`);
    await page.keyboard.press("Enter");
    await visit.picture(`show-plan-${name}`);
    await visit.isAccessible();
    await dialog.getByRole("button", { name: "排期" }).click();
    await dialog.waitFor({ state: "detached" });
    const planned = page.getByRole("row", { name: new RegExp(id) });
    await planned.getByText("未开播").waitFor();
    await visit.picture(`shows-${name}`);
    await visit.isAccessible();

    await planned.getByRole("link").click();
    await page.getByRole("button", { name: "取消这场" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "取消这场" }).click();
    await page.getByText("已取消").waitFor();
    await page.getByRole("button", { name: "重新排期" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "改时间" }).click();
    await page.getByText("未开播").waitFor();
    await visit.isAccessible();

    await happen("stream.started", undefined, { stream_id: `${id}-live`, title: "正在播" });
    await happen("order.paid", "phone:+8613900000007", {
      order_id: `${id}-1`,
      total: 8900,
      stream_id: `${id}-live`,
      items: [{ sku: "beans-250", quantity: 2, price: 4450 }],
    });
    await page.goto(`/console/shows/${id}-live`);
    const sold = page.getByRole("row", { name: /beans-250/ });
    await sold.waitFor();
    await happen("order.paid", "phone:+8613900000008", {
      order_id: `${id}-2`,
      total: 8900,
      stream_id: `${id}-live`,
      items: [{ sku: "beans-250", quantity: 3, price: 4450 }],
    });
    await until(async () => (await sold.textContent())?.includes("5") ?? false);
    expect(await page.getByRole("button", { name: "取消这场" }).count()).toBe(0);
    await visit.picture(`show-${name}`);
    await visit.isAccessible();
    await happen("stream.ended", undefined, { stream_id: `${id}-live` });
    await visit.end();
  },
);

it.concurrent("whoever may only look is offered no change", async () => {
  const visit = await Visit.as("product", { path: "/console/shows" });
  const { page } = visit;
  await page.getByRole("main").getByRole("link").first().waitFor();
  expect(await page.getByRole("button", { name: "排一场直播" }).count()).toBe(0);
  expect(
    await page
      .getByRole("navigation")
      .getByRole("link", { name: /^(券|库存)$/ })
      .count(),
  ).toBe(0);
  await visit.end();
});
