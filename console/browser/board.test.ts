import { expect, it } from "vitest";
import { SIZES, Visit } from "./visit";

it.concurrent.each(SIZES)(
  "the board says the numbers first, and opens to their definition and points: %s",
  async (name, viewport) => {
    const visit = await Visit.as("marketer", { viewport, path: "/console/board?by=day" });
    const { page } = visit;
    await page.getByRole("heading", { name: "供应" }).waitFor();
    await page.getByRole("img", { name: /^收入：各时段在/ }).waitFor({ timeout: 60_000 });
    await visit.picture(`board-${name}`);
    await visit.isAccessible();
    await page.getByRole("button", { name: "收入", exact: true }).click();
    await page.getByText("付款减退款", { exact: true }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "下载 CSV" }).click();
    expect((await download).suggestedFilename()).toBe("revenue-day.csv");
    await visit.picture(`board-points-${name}`);
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
