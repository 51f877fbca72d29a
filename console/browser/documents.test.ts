import { expect, it } from "vitest";
import { DESKTOP, PHONE, read, SIZES, Visit } from "./visit";

interface Text {
  text: string;
  version: number;
}

it.concurrent.each([
  ["desktop", DESKTOP, "marketer"],
  ["phone", PHONE, "admin"],
] as const)(
  "coupons and rules are changed by form, beside their text, and published with a reason: %s",
  async (size, viewport, role) => {
    const coupons = size === "desktop";
    const name = coupons ? "_coupons" : "_policy";
    const before = (await read(`/v1/documents/${name}`)) as Text;
    const visit = await Visit.as(role, {
      viewport,
      path: coupons ? "/console/coupons" : "/console/settings?tab=policy",
    });
    const { page } = visit;
    await page.getByRole("button", { name: coupons ? "编辑优惠券" : "编辑", exact: true }).click();
    const form = page.getByRole("region", { name: "表单" });
    if (coupons) await form.getByRole("button", { name: /购物车专属立减5元/ }).click();
    const field = form.getByRole("textbox", { name: coupons ? "满多少可用" : "时区" });
    const old = await field.inputValue();
    await field.fill("often");
    await page.getByRole("alert").first().waitFor();
    await field.fill(coupons ? "29" : old);
    if (!coupons) await form.getByRole("spinbutton", { name: "所有渠道合计", exact: true }).fill("4");
    await page.getByText("已保存").waitFor();
    await page.getByRole("alert").first().waitFor({ state: "detached" });
    await visit.picture(`document-${size}`);
    await visit.isAccessible();
    await page.getByRole("button", { name: "发布" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(coupons ? /门槛由 30元 改为 29元/ : /所有渠道 的发送上限由/).waitFor();
    await dialog.getByRole("textbox", { name: "为什么改" }).fill("春季活动");
    await visit.picture(`document-publish-${size}`);
    await visit.isAccessible();
    await dialog.getByRole("button", { name: "发布" }).click();
    await page.getByText(`已发布第 ${before.version + 1} 版`).waitFor();
    const after = (await read(`/v1/documents/${name}`)) as Text;
    const lines = before.text.split("\n").filter((line, at) => line !== after.text.split("\n")[at]);
    expect(lines.length).toBe(1);
    await page.getByRole("button", { name: "版本" }).click();
    await page.getByText("春季活动").waitFor();
    await page.getByRole("button", { name: "和线上比较" }).first().click();
    await page.getByRole("button", { name: "放回来修改" }).waitFor();
    await visit.picture(`document-versions-${size}`);
    await visit.end();
  },
);

it.concurrent.each(SIZES)("the year says what will be sent when, and leads there: %s", async (size, viewport) => {
  const visit = await Visit.as("marketer", { viewport, path: "/console/calendar" });
  const { page } = visit;
  await page.getByRole("group", { name: "每天都有" }).getByRole("link", { name: /生日/ }).waitFor();
  await page.getByText("中秋节", { exact: true }).first().waitFor();
  await visit.picture(`calendar-${size}`);
  await visit.isAccessible();
  await page.getByRole("button", { name: "往后" }).click();
  await page.getByRole("link", { name: /中秋节前关怀/ }).click();
  await page.waitForURL(/journeys\/festival_care/);
  await visit.end();
});
