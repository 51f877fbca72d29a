import { join } from "node:path";
import { expect, it } from "vitest";
import { SIZES, Visit } from "./visit";

it.concurrent.each(SIZES)(
  "the board says the numbers first, and opens to their definition and points: %s",
  async (name, viewport) => {
    const visit = await Visit.as("marketer", { viewport, path: "/console/board" });
    const { page } = visit;
    await page.getByRole("img", { name: /^收入：各时段在/ }).waitFor({ timeout: 60_000 });
    await visit.picture(`board-${name}`);
    await visit.isAccessible();
    await page.getByRole("button", { name: "收入", exact: true }).click();
    await page.getByText("付款减退款", { exact: true }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "下载 CSV" }).click();
    expect((await download).suggestedFilename()).toBe("revenue-week.csv");
    const picture = page.waitForEvent("download");
    await page.getByRole("button", { name: "下载 PNG" }).click();
    expect((await picture).suggestedFilename()).toBe("revenue-week.png");
    await (await picture).saveAs(join(import.meta.dirname, `../../.aftershow/pictures/exported-${name}.png`));
    await page.getByRole("heading", { name: "是哪些客户" }).waitFor();
    await visit.picture(`board-points-${name}`);
    await visit.isAccessible();
    for (const [reader, metric] of [
      ["marketing", "发送数"],
      ["shows", "直播收入"],
      ["supply", "库存预警数"],
    ] as const) {
      await page.goto(`/console/board?reader=${reader}`);
      await page.getByRole("button", { name: metric, exact: true }).waitFor();
      await page.waitForLoadState("networkidle");
      await visit.picture(`board-${reader}-${name}`);
    }
    await page.goto("/console/experiments");
    await page.getByRole("region", { name: /分流/ }).first().waitFor();
    await page.getByText("分组人数").first().waitFor({ timeout: 60_000 });
    await visit.picture(`experiments-${name}`);
    await visit.isAccessible();
    await visit.end();
  },
);

it.concurrent("a journey tells what it brought, and which variant of its split brings more", async () => {
  const visit = await Visit.as("marketer", { path: "/console/journeys/new_customer" });
  const { page } = visit;
  await page.getByRole("button", { name: "效果" }).click();
  await page.getByText(/^进入 .* 人次/).waitFor({ timeout: 60_000 });
  await page.getByRole("heading", { name: /^分流 / }).waitFor();
  await page
    .getByText(/^结论：/)
    .nth(1)
    .waitFor();
  await visit.picture("journey-results");
  await visit.isAccessible();
  await visit.end();
});
