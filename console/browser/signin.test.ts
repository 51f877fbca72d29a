import { expect, it } from "vitest";
import { PHONE, read, SIZES, Visit, write } from "./visit";

it.concurrent.each(SIZES)(
  "without a session one is asked to sign in, and told what is wrong: %s",
  async (name, viewport) => {
    const visit = await Visit.begin({ viewport, expected: ["401 /v1/session"] });
    const { page } = visit;
    await page.goto("/console");
    await page.getByRole("link", { name: "用企业账号登录" }).waitFor();
    await visit.picture(`signin-${name}`);
    await visit.isAccessible();
    if (viewport === PHONE) return visit.end(); // a second wrong guess from here would have to wait
    await page.getByLabel("邮箱或手机号").fill("nobody@shop.cn");
    await page.getByLabel("密码").fill("a wrong guess");
    await page.getByRole("button", { name: "登录", exact: true }).click();
    await page.getByText("账号或密码不对。").waitFor();
    await visit.isAccessible();
    await visit.end();
  },
);

it.concurrent.each(SIZES)("an identity provider's word signs in: %s", async (_name, viewport) => {
  const visit = await Visit.begin({ viewport });
  const { page } = visit;
  await page.goto("/console");
  await page.getByRole("link", { name: "用企业账号登录" }).click();
  await page.getByRole("heading", { name: "今日" }).waitFor();
  const { name } = (await (await page.request.get("/v1/session")).json()) as { name: string };
  expect(name).toBe("林晓");
  await visit.end();
});

it.concurrent.each(SIZES)("WeCom signs a guide in, who is at their desk then: %s", async (_name, viewport) => {
  const visit = await Visit.begin({ viewport });
  const { page } = visit;
  // WeCom's own page, where somebody would scan a code, sends them back at once; it is led to by a redirect, which
  // no test can take over.
  await page.route("**/v1/session/wecom", async (route) => {
    const headers = (await route.fetch({ maxRedirects: 0 })).headers();
    const asked = new URL(headers.location ?? "");
    expect(asked.hostname).toBe("login.work.weixin.qq.com");
    const state = encodeURIComponent(asked.searchParams.get("state") ?? "");
    const back = `${asked.searchParams.get("redirect_uri")}?code=c0de&state=${state}`;
    const body = `<meta http-equiv="refresh" content="0;url=${back}">`;
    await route.fulfill({ headers: { "set-cookie": headers["set-cookie"] ?? "" }, contentType: "text/html", body });
  });
  await page.goto("/console");
  await page.getByRole("link", { name: "用企业微信登录" }).click();
  await page.getByRole("heading", { name: "导购台" }).waitFor();
  await visit.end();
});

it.concurrent("who declines at the provider is told, and may try again", async () => {
  const visit = await Visit.begin();
  await visit.page.goto("/v1/session/oidc/callback?error=access_denied");
  await visit.page.getByText("没能登录：对方没有确认你的身份").waitFor();
  await visit.isAccessible();
  await visit.end();
});

it("a link signs in once", async () => {
  const users = (await read("/v1/users")) as { id: number; name: string }[];
  const { token } = (await write(`/v1/users/${users.find((each) => each.name === "孙悦")?.id}/link`)) as {
    token: string;
  };
  const link = `/console/enter#${token}`;
  const first = await Visit.begin();
  await first.page.goto(link);
  await first.page.getByRole("heading", { name: "今日" }).waitFor();
  expect(first.page.url()).not.toContain("#");
  await first.end();

  const second = await Visit.begin({ expected: ["401 /v1/session/link"] });
  await second.page.goto(link);
  await second.page.getByText("这个链接已经用过，或者超过了一天").waitFor();
  await second.isAccessible();
  await second.end();
});

it.concurrent.each(SIZES)(
  "a session that ends while one types is renewed over the page, and nothing is lost: %s",
  async (name, viewport) => {
    const expected = ["401 /v1/"];
    const visit = await Visit.as("marketer", { viewport, alone: true, path: "/console/shows", expected });
    const { page, context } = visit;
    await page.getByRole("button", { name: "排一场直播" }).click();
    const form = page.getByRole("dialog").filter({ hasText: "场次编号" });
    await form.getByLabel("名称").fill("周末加场");
    const { now } = (await read("/v1/clock")) as { now: string };
    const ahead = new Date(Date.parse(now) + 20 * 86_400_000).toISOString().slice(0, 10);
    await form.getByLabel("开播时间").fill(`${ahead} 20:00`);
    await page.keyboard.press("Enter");
    await context.clearCookies();
    const id = `typed-${name}-${crypto.randomUUID().slice(0, 6)}`;
    await form.getByLabel("场次编号").fill(id);
    await form.getByRole("button", { name: "排期" }).click();
    const over = page.getByRole("dialog").filter({ hasText: "登录已过期" });
    await over.waitFor();
    await visit.picture(`session-over-${name}`);
    await visit.isAccessible();
    const tab = context.waitForEvent("page");
    await over.getByRole("link", { name: "用企业账号登录" }).click();
    const other = await tab;
    await other.getByRole("heading", { name: "今日" }).waitFor();
    await other.close();
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await over.waitFor({ state: "detached" });
    expect(await form.getByLabel("名称").inputValue()).toBe("周末加场");
    await form.getByRole("button", { name: "排期" }).click();
    await form.waitFor({ state: "detached" });
    await page
      .getByRole("main")
      .getByText(id)
      .or(page.getByRole("link", { name: "周末加场" }))
      .first()
      .waitFor();
    await visit.end();
  },
);
