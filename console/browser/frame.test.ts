import { expect, inject, it } from "vitest";
import { Visit } from "./visit";

it.concurrent("a journey is found from anywhere by the keyboard", async () => {
  const visit = await Visit.as("marketer");
  const { page } = visit;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "搜索" }).fill("cart");
  await page.locator(".ant-select-item-option", { hasText: "abandoned_cart" }).waitFor();
  await visit.picture("search-desktop");
  await visit.isAccessible();
  await page.keyboard.press("Enter");
  await page.waitForURL(/journeys\/abandoned_cart/);
  await visit.end();
});

it.concurrent.each([
  ["operator", "+8613800010001"],
  ["marketer", "••••0001"],
] as const)("a customer is found by a phone, which only those see in full who may: %s", async (role, shown) => {
  const visit = await Visit.as(role);
  const { page } = visit;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "搜索" }).fill("138 0001 0001");
  await page.locator(".ant-select-item-option", { hasText: shown }).click();
  await page.waitForURL(/customers\/\d+/);
  await page.getByRole("tab", { name: "经过" }).waitFor();
  await visit.end();
});

it.concurrent("language and theme are everyone's own choice, and are kept", async () => {
  const visit = await Visit.as("marketer", { alone: true });
  const { page } = visit;
  const account = page.getByRole("button", { name: "林晓" });
  await account.click();
  await page.getByRole("menuitem", { name: "English" }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  await account.click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  await page.reload();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(21, 24, 23)");
  await visit.picture("today-english-dark");
  await visit.isAccessible();
  await visit.end();
});

it.concurrent("a lost connection is told, and comes back by itself", async () => {
  const visit = await Visit.as("marketer", { alone: true, path: "/console/journeys" });
  const { page } = visit;
  await page.getByRole("row", { name: /abandoned_cart/ }).waitFor();
  await visit.context.setOffline(true);
  await page.getByText("与服务的连接断了").waitFor();
  await visit.picture("lost-desktop");
  await visit.context.setOffline(false);
  await page.getByText("与服务的连接断了").waitFor({ state: "detached" });
  visit.faults.splice(0, visit.faults.length, ...visit.faults.filter((each) => !each.startsWith("failed:")));
  await visit.end();
});

it.concurrent("no page may be framed, and none takes anything from elsewhere", async () => {
  const response = await fetch(`${inject("url")}/console/journeys`);
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(policy).not.toContain("http");
});
