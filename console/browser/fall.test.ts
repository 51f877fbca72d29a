import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { happen, PHONE, until, Visit } from "./visit";

it("when the API is killed, open pages say so, keep what is on them, and go on when it is back", async () => {
  const [follower, typing] = await Promise.all([
    Visit.as("marketer", { path: "/console/journeys/abandoned_cart" }),
    Visit.as("admin", { path: "/console/settings", viewport: PHONE }),
  ]);
  const entered = follower.page.locator(".react-flow__node").first().locator("strong");
  await entered.waitFor();
  const before = Number((await entered.textContent())?.replaceAll(",", ""));
  await typing.page.getByRole("button", { name: "添加成员" }).click();
  const dialog = typing.page.getByRole("dialog");
  const name = `李雷 ${crypto.randomUUID().slice(0, 6)}`;
  await dialog.getByLabel("姓名").fill(name);
  await dialog.getByLabel("邮箱").fill(`lei-${crypto.randomUUID().slice(0, 8)}@shop.cn`);
  await dialog.getByLabel("采购").check();

  const parts = JSON.parse(readFileSync(join(inject("data"), "processes.json"), "utf8")) as {
    name: string;
    pid: number;
  }[];
  const lost = "与服务的连接断了";
  const told = Promise.all([follower, typing].map(({ page }) => page.getByText(lost).waitFor()));
  process.kill(inject("supervisor"), "SIGSTOP"); // else the API is back before anybody has looked
  try {
    process.kill(parts.find((each) => each.name === "API")?.pid ?? -1, "SIGKILL");
    await dialog.getByRole("button", { name: "添加" }).click();
    await told;
    await follower.picture("api-away-desktop");
    await typing.picture("api-away-phone");
  } finally {
    process.kill(inject("supervisor"), "SIGCONT");
  }
  for (const { page } of [follower, typing]) await page.getByText(lost).waitFor({ state: "detached" });

  expect(await dialog.getByLabel("姓名").inputValue()).toBe(name);
  await dialog.getByRole("button", { name: "添加" }).click();
  await typing.page.getByRole("row", { name }).waitFor();
  await happen("cart.updated", "phone:+8613700000091", { cart_id: "fall-1", stream_id: "s1", total: 8900 });
  await until(async () => Number((await entered.textContent())?.replaceAll(",", "")) > before);
  for (const visit of [follower, typing]) {
    const isAway = (fault: string) => /^(failed:|502|503)/.test(fault) || fault.includes("net::ERR");
    visit.faults.splice(0, visit.faults.length, ...visit.faults.filter((each) => !isAway(each)));
    await visit.end();
  }
});
