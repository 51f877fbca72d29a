import { beforeAll, it } from "vitest";
import { happen, PHONE, told, until, Visit } from "./visit";

beforeAll(told);

const SHOW = "live-together";
const buy = (number: number, subject: string, quantity: number) =>
  happen("order.paid", subject, {
    order_id: `${SHOW}-${number}`,
    total: 8900,
    stream_id: SHOW,
    items: [{ sku: "beans-250", quantity, price: 4450 }],
  });

it("two hosts' screens and a guide's phone tell the same, at once", async () => {
  await happen("stream.started", undefined, { stream_id: SHOW, title: "双人直播" });
  await buy(1, "phone:+8613900000017", 2);
  const path = `/console/shows/${SHOW}`;
  const [one, other, guide] = await Promise.all([
    Visit.as("marketer", { path }),
    Visit.as("operator", { path, viewport: PHONE }),
    Visit.as("guide", { path: "/console/desk", viewport: PHONE }),
  ]);
  const sold = (visit: Visit) =>
    visit.page
      .getByRole("row", { name: /beans-250/ })
      .locator("td")
      .nth(1);
  for (const screen of [one, other]) await until(async () => (await sold(screen).textContent()) === "2");
  const card = guide.page.waitForResponse((each) => each.url().includes("/v1/desk/customers/"));
  await guide.page.getByRole("main").getByRole("link").first().click();
  const { phone, orders } = (await (await card).json()) as { phone: string; orders: number };
  const shown = guide.page.locator("dl").getByText(String(orders), { exact: true });
  await shown.first().waitFor();
  await buy(2, `phone:${phone}`, 3);
  for (const screen of [one, other]) await until(async () => (await sold(screen).textContent()) === "5");
  await guide.page.reload();
  await guide.page
    .locator("dl")
    .getByText(String(orders + 1), { exact: true })
    .first()
    .waitFor();
  await guide.picture("desk-live-phone");
  await one.picture("live-together");
  await happen("stream.ended", undefined, { stream_id: SHOW });
  for (const screen of [one, other]) await screen.page.getByText("已结束").first().waitFor();
  await Promise.all([one, other, guide].map((each) => each.end()));
});
