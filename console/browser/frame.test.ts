import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { close, DESKTOP, launch, PHONE, Visit } from "./visit";

beforeAll(launch, 60_000);
afterAll(close);

it.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)("without a session one is asked to sign in, and told what is wrong: %s", async (name, viewport) => {
  const visit = await Visit.begin({ viewport, expected: ["401 /v1/session"] });
  const { page } = visit;
  await page.goto("/console");
  await page.getByRole("button", { name: "登录" }).waitFor();
  console.log(`sign-in page: ${visit.bytes} bytes`);
  await visit.picture(`signin-${name}`);
  await visit.isAccessible();
  await page.getByLabel("邮箱或手机号").fill("nobody@shop.cn");
  await page.getByLabel("密码").fill("a wrong guess");
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByText("账号或密码不对。").waitFor();
  await visit.isAccessible();
  await visit.end();
});

it("a link signs in once", async () => {
  const first = await Visit.begin();
  const link = inject("link");
  await first.page.goto(link);
  await first.page.getByRole("heading", { name: "今日" }).waitFor();
  expect(first.page.url()).not.toContain("#");
  await first.end();

  const second = await Visit.begin({ expected: ["401 /v1/session/link"] });
  await second.page.goto(link);
  await second.page.getByText("这个链接已经用过").waitFor();
  await second.isAccessible();
  await second.end();
});

it("a journey is found from anywhere by the keyboard", async () => {
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

it("a customer is found by a phone, which only those see in full who may", async () => {
  for (const [role, shown] of [
    ["operator", "+8613800010001"],
    ["marketer", "••••0001"],
  ] as const) {
    const visit = await Visit.as(role);
    const { page } = visit;
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "搜索" }).fill("138 0001 0001");
    await page.locator(".ant-select-item-option", { hasText: shown }).click();
    await page.waitForURL(/customers\/\d+/);
    await page.getByText("由早到晚").waitFor();
    await visit.isAccessible();
    await visit.end();
  }
});

it("language and theme are everyone's own choice, and are kept", async () => {
  const visit = await Visit.as("marketer");
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
  await visit.end();
});

it("a session that ends while one is at work is renewed over the page", async () => {
  const visit = await Visit.as("operator", { expected: ["401 /v1/journeys", "401 /v1/clock"] });
  const { page } = visit;
  await page.goto("/console/journeys");
  const filter = page.getByRole("textbox", { name: "按名称筛选" });
  await filter.fill("cart");
  await visit.context.clearCookies();
  await page.getByRole("dialog").getByText("登录已过期").waitFor({ timeout: 40_000 });
  expect(await filter.inputValue()).toBe("cart");
  await visit.picture("session-over-desktop");
  await visit.end();
});

it("a lost connection is told, and comes back by itself", async () => {
  const visit = await Visit.as("marketer");
  const { page } = visit;
  await page.goto("/console/journeys");
  await page.getByRole("row", { name: /abandoned_cart/ }).waitFor();
  await visit.context.setOffline(true);
  await page.getByText("与服务的连接断了").waitFor({ timeout: 40_000 });
  await visit.picture("lost-desktop");
  await visit.context.setOffline(false);
  await page.getByText("与服务的连接断了").waitFor({ state: "detached" });
  visit.faults.splice(0, visit.faults.length, ...visit.faults.filter((each) => !each.startsWith("failed:")));
  await visit.end();
});

it("no page may be framed, and none takes anything from elsewhere", async () => {
  const response = await fetch(`${inject("url")}/console/journeys`);
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(policy).not.toContain("http");
});
