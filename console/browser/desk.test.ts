import { afterAll, beforeAll, expect, it } from "vitest";
import { close, happen, launch, PHONE, Visit } from "./visit";

beforeAll(launch, 60_000);
afterAll(close);

it("a guide does their tasks with a thumb, and sees nobody else's customers", async () => {
  const subject = "phone:+8613700000002";
  await happen("customer.updated", subject, { owner: "guide-lin", name: "<img onerror=alert(1)>" });
  await happen("order.paid", subject, {
    order_id: "desk-1",
    total: 8900,
    items: [{ sku: "beans-250", category: "咖啡豆", quantity: 1, price: 8900 }],
  });
  const visit = await Visit.as("guide", { viewport: PHONE, expected: ["404 /v1/desk/customers"] });
  const { page } = visit;
  await page.getByRole("heading", { name: "导购台" }).waitFor();
  const done = page.getByRole("button", { name: "完成" });
  await expect.poll(() => done.count(), { timeout: 240_000 }).toBeGreaterThan(0);
  const before = await done.count();
  await visit.picture("desk-phone");
  await visit.isAccessible();
  await page.getByRole("main").getByRole("link").first().click();
  await page.getByText("最近发生了什么").waitFor();
  await visit.picture("desk-customer-phone");
  await visit.isAccessible();
  await page.goBack();
  await done.first().click();
  await expect.poll(() => done.count()).toBeLessThan(before);
  await page.goto("/console/desk/customers/1");
  await page
    .getByText(/这里什么也没有|最近发生了什么/)
    .first()
    .waitFor();
  await visit.end();
}, 300_000);
