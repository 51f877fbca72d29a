import { expect, it } from "vitest";
import { DESKTOP, happen, PHONE, until, Visit } from "./visit";

it.concurrent.each([
  ["desktop", DESKTOP, false],
  ["desktop-dark", DESKTOP, true],
  ["phone", PHONE, false],
] as const)("a journey is a graph whose steps tell who is there: %s", async (name, viewport, dark) => {
  const visit = await Visit.as("marketer", { viewport, dark, path: "/console/journeys" });
  const { page } = visit;
  await page.getByRole("link", { name: "直播弃购挽回" }).click();
  const wait = page.getByRole("group", { name: /^等待 等待 1 小时/ });
  await wait.waitFor();
  await page.locator(".react-flow__node", { hasText: "进入" }).locator("strong").first().waitFor({ timeout: 60_000 });
  await visit.picture(`journey-${name}`);
  await wait.click();
  await page.getByText(/^现在在这里：/).waitFor();
  expect(page.url()).toContain("step=");
  await visit.isAccessible();
  await visit.end();
});

it.concurrent("counts change while one looks", async () => {
  const visit = await Visit.as("product", { path: "/console/journeys/abandoned_cart" });
  const { page } = visit;
  const entered = page.locator(".react-flow__node").first().locator("strong");
  await entered.waitFor({ timeout: 60_000 });
  const before = Number(await entered.textContent());
  await happen("cart.updated", "phone:+8613700000001", { cart_id: "live-1", stream_id: "s1", total: 8900 });
  await until(async () => Number(await entered.textContent()) > before);
  expect(await page.getByRole("button", { name: "暂停" }).count()).toBe(0);
  await visit.end();
});

it.concurrent.each([
  ["operator", "festival_care", DESKTOP],
  ["marketer", "vip_birthday", PHONE],
  ["admin", "near_expiry", DESKTOP],
] as const)("a journey is paused and resumed, after saying what that does: %s", async (role, journey, viewport) => {
  const visit = await Visit.as(role, { viewport, path: `/console/journeys/${journey}` });
  const { page } = visit;
  await page.getByRole("button", { name: "暂停" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/位在途客户照常计时/).waitFor();
  await visit.picture(`journey-pause-${role}`);
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "暂停" }).click();
  await page.getByText("旅程已暂停：没有客户能进入").waitFor();
  await page.getByRole("button", { name: "恢复" }).click();
  const drop = dialog.getByRole("radio", { name: "不再发送" });
  await until(async () => {
    await drop.click();
    return drop.isChecked();
  });
  await dialog.getByRole("button", { name: "恢复" }).click();
  await page.getByText("旅程已暂停：没有客户能进入").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "版本记录" }).click();
  await page.getByText(/^恢复 v1/).waitFor();
  await visit.isAccessible();
  await visit.end();
});
