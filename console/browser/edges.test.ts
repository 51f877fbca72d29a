import { expect, inject, it } from "vitest";
import { DESKTOP, happen, PHONE, SIZES, told, Visit } from "./visit";

async function publish(name: string, steps: string): Promise<void> {
  const body = `journey: ${name}\ntrigger: {event: form.filled}\nentry: {again: always}\nsteps:\n${steps}`;
  const headers = { Authorization: `Bearer ${inject("key")}`, "Content-Type": "application/yaml" };
  const answer = await fetch(`${inject("url")}/v1/journeys/${name}/versions`, { method: "POST", headers, body });
  expect(answer.status, await answer.text()).toBeLessThan(300);
}

it.concurrent("a name is text, whatever it says and whichever way it runs", async () => {
  const names = ["<img src=x onerror=document.title='broken'>", "\u202Eزين 王\u202C\u200F"];
  for (const [number, name] of names.entries())
    await happen("customer.updated", `phone:+8613900000${number}99`, { name });
  const visit = await Visit.as("operator");
  const { page } = visit;
  for (const [number, name] of names.entries()) {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "搜索" }).fill(`13900000${number}99`);
    const found = page.locator(".ant-select-item-option", { hasText: `13900000${number}99` });
    await found.waitFor();
    expect(await found.textContent()).toContain(`${name}+8613900000${number}99`);
    expect(await found.locator("img").count()).toBe(0);
    expect(await found.locator("bdi").first().textContent()).toBe(name);
    await visit.picture(`name-${number}`);
    await page.keyboard.press("Escape");
  }
  expect(await page.title()).not.toBe("broken");
  await visit.end();
});

it.concurrent("a journey of 300 steps is looked at, and stopped after saying for how many", async () => {
  await publish("long_one", Array.from({ length: 300 }, (_, n) => `  - {id: s${n}, wait: 1h}\n`).join(""));
  await happen("form.filled", "phone:+8613900000188", {});
  const visit = await Visit.as("marketer", { path: "/console/journeys/long_one" });
  const { page } = visit;
  await page.locator(".react-flow__node").first().waitFor();
  await visit.picture("journey-long");
  await visit.isAccessible();
  await page.getByRole("button", { name: "停止" }).click();
  const dialog = page.getByRole("dialog");
  await visit.picture("journey-stop");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: /^停止，结束 \d+ 位客户的旅程$/ }).click();
  await page.getByText("已停止").first().waitFor();
  await visit.end();
});

it.concurrent.each([
  ["desktop", DESKTOP, "operator"],
  ["phone", PHONE, "admin"],
] as const)(
  "a message whose fate is open is settled, after saying what that does: %s",
  async (name, viewport, role) => {
    const visit = await Visit.as(role, { viewport, path: "/console/shows" });
    const { page } = visit;
    // The demo's own channel loses nothing, so the answer is given one that was lost.
    const named = { name: "余淑珍", title: "直播弃购挽回", template: "remind" };
    const lost = { id: 1, customer: 1, enrollment: 1, journey: "abandoned_cart", step: "remind", ...named };
    const rest = {
      channel: "sms",
      status: "unknown",
      reason: "ReadTimeout",
      why: "ReadTimeout",
      refused: [],
      looks: 3,
      look_at: null,
    };
    const called = { called_at: "2026-11-28T12:00:00Z", provider_id: null };
    let settled: unknown;
    await page.route(/\/v1\/messages/, async (route) => {
      if (route.request().method() === "POST") settled = route.request().postDataJSON();
      const messages = settled === undefined ? [{ ...lost, ...rest, ...called }] : [];
      await route.fulfill({
        json: route.request().method() === "POST" ? { ...lost, ...rest } : { messages, next: null },
      });
    });
    await page.goto("/console/messages");
    await page
      .getByRole("row", { name: /直播弃购挽回/ })
      .getByRole("button")
      .last()
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await visit.picture(`settle-${name}`);
    await visit.isAccessible();
    await dialog.getByRole("button").last().click();
    await page.getByText("没有结果不明的消息").waitFor();
    expect(settled).toEqual({ status: "failed" });
    await visit.end();
  },
);

it.concurrent.each(SIZES)("what isn't there, and what can't be loaded, say what to do: %s", async (name, viewport) => {
  const visit = await Visit.as("admin", { viewport, expected: ["500", "404 /v1"] });
  const { page } = visit;
  let status = 500;
  await page.route(/\/v1\/(campaigns|stock|streams)(\?|$)/, async (route) => {
    const json = route.request().url().includes("streams") ? { shows: [], next: null } : [];
    await route.fulfill({ status, json: status === 500 ? { title: "Something went wrong on our side" } : json });
  });
  for (const [path, empty] of [
    ["coupons", "还没有优惠活动"],
    ["stock", "还没有库存"],
    ["shows", "还没有直播"],
  ] as const) {
    status = 500;
    await page.goto(`/console/${path}`);
    const again = page.getByRole("button", { name: "重试" });
    await again.waitFor();
    if (path === "coupons") {
      await visit.picture(`error-${name}`);
      await visit.isAccessible();
    }
    status = 200;
    await again.click();
    await page.getByText(empty).waitFor();
    await visit.picture(`empty-${path}-${name}`);
    await visit.isAccessible();
  }
  await page.goto("/console/coupons/none");
  await page.getByText("这里什么也没有").waitFor();
  await page.goto("/console/nowhere");
  await page.getByText("没有这个页面").waitFor();
  await visit.picture(`nowhere-${name}`);
  await visit.isAccessible();
  await visit.end();
});

it.concurrent("of two tabs with two users, the older begins anew as the newer, and has changed nothing", async () => {
  const visit = await Visit.as("marketer", {
    alone: true,
    expected: ["403 /v1/journeys"],
    path: "/console/journeys/cross_sell",
  });
  const { page, context } = visit;
  await page.getByRole("button", { name: "暂停" }).click();
  const [cookie] = await context.cookies();
  if (cookie) await context.addCookies([{ ...cookie, value: inject("cookies").operator ?? "" }]);
  await page.getByRole("dialog").getByRole("button", { name: "暂停" }).click();
  await page.getByRole("button", { name: /赵磊/ }).waitFor();
  await page.getByRole("button", { name: "暂停" }).waitFor(); // it is live as before
  await visit.end();
});

it.concurrent("a machine whose clock is years off is shown what others are", async () => {
  await told();
  const seen = [];
  for (const now of [undefined, "2019-01-01", "2033-06-01"]) {
    const visit = await Visit.as("operator", { alone: true });
    const { page } = visit;
    if (now) await page.clock.setSystemTime(new Date(now));
    const texts = [];
    for (const path of ["/console/stock", "/console/shows"]) {
      await page.goto(path);
      texts.push(await page.getByRole("main").getByRole("row").nth(1).innerText());
    }
    seen.push(texts);
    await visit.end(); // the session, too, lasts by the shop's clock
  }
  expect(seen[0]?.[1]).toMatch(/\d/);
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

it.concurrent("a tab from before an upgrade loads itself again", async () => {
  const visit = await Visit.as("operator", { alone: true, expected: ["404 /console/assets"] });
  const { page } = visit;
  let missing = 0;
  await page.route(/assets\/MessagesPage-/, async (route) => {
    missing += 1;
    if (missing === 1) await route.fulfill({ status: 404, json: {} });
    else await route.continue();
  });
  await page.getByRole("navigation").getByRole("link", { name: "消息" }).click();
  await page.getByText("没有结果不明的消息").waitFor();
  expect(missing).toBe(2);
  // what the router says of the file, before the page begins anew
  visit.faults.splice(0, visit.faults.length, ...visit.faults.filter((each) => !each.includes("MessagesPage")));
  await visit.end();
});
