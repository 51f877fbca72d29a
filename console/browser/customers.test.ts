import { expect, it } from "vitest";
import { DESKTOP, happen, PHONE, read, until, Visit } from "./visit";

const number = () => Math.floor(Math.random() * 90_000_000 + 10_000_000);

async function find(visit: Visit, text: string, name: string): Promise<void> {
  const { page } = visit;
  await page.getByRole("searchbox", { name: "查找客户" }).fill(text);
  await page.getByRole("button", { name: "查找客户" }).click();
  await page.getByRole("main").getByRole("link", { name }).click();
  await page.getByRole("heading", { name }).waitFor();
}

it.concurrent.each([
  ["desktop", DESKTOP, "marketer"],
  ["phone", PHONE, "operator"],
] as const)("a customer is found, and all that there is about them is read: %s", async (size, viewport, role) => {
  const phone = `139${number()}`;
  const name = "许知远";
  await happen("customer.updated", `phone:${phone}`, { name, city: "杭州", owner: "guide-lin" });
  const items = [{ sku: "beans-250", name: "云南咖啡豆", quantity: 2, price: 4450 }];
  const order = `c-${phone}`;
  await happen("order.paid", `phone:${phone}`, { order_id: order, total: 8900, stream_id: "s1", items });
  const sent = async () => (await read(`/v1/customers/phone:${phone}/messages`)) as { messages: unknown[] };
  await until(async () => (await sent()).messages.length > 0);
  await happen("order.refunded", `phone:${phone}`, { order_id: order, total: 900 });
  const visit = await Visit.as(role, { viewport, path: "/console/customers" });
  const { page } = visit;
  await find(visit, phone, name);
  const main = page.getByRole("main");
  await main.getByText(role === "operator" ? `+86${phone}` : `••••${phone.slice(-4)}`).waitFor();
  await main.getByText("客单价").waitFor();
  await visit.picture(`customer-${size}`);
  await visit.isAccessible();
  for (const [tab, told] of [
    ["旅程", "新客 7 日复购激活"],
    ["消息", "谢谢"],
    ["订单", "已退 9 元"],
    ["券", "这位客户没有券。"],
    ["待办", "没有关于这位客户的待办。"],
  ] as const) {
    await page.getByRole("tab", { name: tab, exact: true }).click();
    await main.getByText(told).first().waitFor();
    if (tab === "消息") await visit.picture(`customer-messages-${size}`);
  }
  await visit.isAccessible();
  expect(await page.getByRole("button", { name: "操作" }).count()).toBe(role === "operator" ? 1 : 0);
  await visit.end();
});

it.concurrent("who may be one person is decided, joined by hand, and forgotten", async () => {
  const [one, other] = [number(), number()];
  const who = [{ email: `c${one}@shop.cn` }, { unionid: `u${one}` }] as const;
  for (const customer of who) await happen("customer.updated", undefined, { customer, name: `可疑 ${one}` });
  for (let times = 0; times < 3; times++)
    await happen("product.viewed", undefined, { sku: "milk-950", customer: { ...who[0], ...who[1] } });
  await happen("customer.updated", `phone:139${other}`, { name: `另一位 ${other}` });
  const visit = await Visit.as("admin", { path: "/console/customers", expected: ["4"] });
  const { page } = visit;
  const asked = page.getByRole("alert").filter({ hasText: `可疑 ${one}` });
  await asked.waitFor();
  await visit.picture("customers-desktop");
  await visit.isAccessible();
  await asked.getByRole("button", { name: "不是同一个人" }).click();
  await asked.waitFor({ state: "detached" });

  await find(visit, `139${other}`, `另一位 ${other}`);
  const act = async (name: string) => {
    await page.getByRole("button", { name: "操作" }).click();
    await page.getByRole("menuitem", { name, exact: true }).click();
  };
  const dialog = page.getByRole("dialog");
  await act("合并");
  await dialog.getByRole("textbox", { name: "另一位客户" }).fill("nobody");
  await dialog.getByRole("textbox", { name: "原因" }).fill("柜台确认");
  await dialog.getByRole("button", { name: "合并" }).click();
  await dialog.getByText(/^没有改动：/).waitFor();
  await dialog.getByRole("textbox", { name: "另一位客户" }).fill(`email:c${one}@shop.cn`);
  await visit.picture("customer-merge");
  await dialog.getByRole("button", { name: "合并" }).click();
  await page.getByText("手工合并：柜台确认").waitFor();
  await act("删除资料");
  await dialog.getByRole("checkbox").check();
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "删除资料" }).click();
  await page.waitForURL(/customers$/);
  await until(async () => "status" in ((await read(`/v1/customers/phone:139${other}`)) as object));
  await visit.end();
});
