import { expect, it } from "vitest";
import { DESKTOP, PHONE, Visit } from "./visit";

it.concurrent.each([
  ["desktop", DESKTOP, false],
  ["desktop-dark", DESKTOP, true],
  ["phone", PHONE, false],
] as const)("the journeys are listed, found by name and by state: %s", async (name, viewport, dark) => {
  const visit = await Visit.as("marketer", { viewport, dark, path: "/console/journeys" });
  const { page } = visit;
  const row = page.getByRole("row", { name: /abandoned_cart/ });
  await row.waitFor();
  expect(await row.textContent()).toContain("运行中");
  expect(await page.getByRole("row").count()).toBeGreaterThan(5);
  await visit.picture(`journeys-${name}`);
  await visit.isAccessible();

  await page.getByRole("textbox", { name: "按名称筛选" }).fill("cart");
  await page.getByRole("row", { name: /new_customer/ }).waitFor({ state: "detached" });
  expect(await row.count()).toBe(1);
  expect(page.url()).toContain("q=cart");
  await page.getByText("已暂停", { exact: true }).click();
  await page.getByRole("button", { name: "清除筛选" }).click();
  await page.getByRole("row", { name: /new_customer/ }).waitFor();
  await visit.end();
});

it.concurrent("whoever may not see journeys isn't shown the way to them", async () => {
  const visit = await Visit.as("guide");
  await visit.page.getByRole("heading", { name: "导购台" }).waitFor();
  expect(await visit.page.getByRole("navigation").getByRole("link", { name: "旅程" }).count()).toBe(0);
  await visit.end();
});
