import { expect, it } from "vitest";
import { SIZES, Visit } from "./visit";

it.concurrent.each(SIZES)(
  "an admin adds somebody, lets them in and out, and finds it in the audit: %s",
  async (name, viewport) => {
    const visit = await Visit.as("admin", { viewport, expected: ["422 /v1/users"], path: "/console/settings" });
    const { page } = visit;
    const number = crypto.randomUUID().slice(0, 8);
    const somebody = `王芳 ${number}`;
    await page.getByRole("row", { name: /林晓/ }).waitFor();
    await visit.picture(`settings-users-${name}`);
    await visit.isAccessible();

    await page.getByRole("button", { name: "添加成员" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("姓名").fill(somebody);
    await dialog.getByLabel("邮箱").fill("not an address");
    await dialog.getByLabel("采购").check();
    await dialog.getByRole("button", { name: "添加" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("邮箱").fill(`wang-${number}@shop.cn`);
    await visit.picture(`settings-user-${name}`);
    await visit.isAccessible();
    await dialog.getByRole("button", { name: "添加" }).click();
    await dialog.waitFor({ state: "detached" });

    const row = page.getByRole("row", { name: somebody });
    await row.getByRole("button", { name: "登录链接" }).click();
    await dialog.getByText("一天之内可以用一次").waitFor();
    const link = await dialog.getByRole("textbox").inputValue();
    await dialog.getByRole("button", { name: "关闭" }).last().click();
    await dialog.waitFor({ state: "hidden" });
    const guest = await Visit.begin({ viewport, expected: ["401 /v1"] });
    await guest.page.goto(link);
    await guest.page.getByRole("heading", { name: "今日" }).waitFor();

    await row.getByRole("button", { name: "修改" }).click();
    await dialog.getByRole("switch").click();
    await dialog.getByText("立刻在所有设备上退出登录").waitFor();
    await dialog.getByRole("button", { name: "保存" }).click();
    await row.getByText("已停用").waitFor();
    await guest.page.reload();
    await guest.page.getByRole("button", { name: "登录" }).waitFor();
    await guest.end();

    await page.getByRole("tab", { name: "操作记录" }).click();
    await page.getByRole("combobox", { name: "按操作筛选" }).fill("修改成员");
    await page.keyboard.press("Enter");
    await page
      .getByRole("row", { name: /修改成员 成员 #\d+.*可登录：是 → 可登录：否|修改成员 成员 #\d+/ })
      .first()
      .waitFor();
    await visit.picture(`settings-audit-${name}`);
    await visit.isAccessible();
    await visit.end();
  },
);

it.concurrent.each(SIZES)(
  "a key is shown once and revoked; channels and policy are read: %s",
  async (name, viewport) => {
    const visit = await Visit.as("admin", { viewport, path: "/console/settings?tab=keys" });
    const { page } = visit;
    await page.getByRole("button", { name: "新建密钥" }).click();
    const dialog = page.getByRole("dialog");
    const key = `小程序 ${crypto.randomUUID().slice(0, 8)}`;
    await dialog.getByLabel("用途").fill(key);
    await dialog.getByLabel(/ingest/).check();
    await dialog.getByRole("button", { name: "添加" }).click();
    await dialog.getByText("请马上存到程序的配置里").waitFor();
    expect(await dialog.getByRole("textbox").inputValue()).toMatch(/^as_/);
    await visit.picture(`settings-key-${name}`);
    await visit.isAccessible();
    await dialog.getByRole("button", { name: "关闭" }).last().click();
    await dialog.waitFor({ state: "hidden" });
    const row = page.getByRole("row", { name: key }).first();
    await row.getByRole("button", { name: "作废" }).click();
    await dialog.getByRole("button", { name: "作废" }).click();
    await row.getByText("已作废").waitFor();

    await page.getByRole("tab", { name: "渠道" }).click();
    await page.getByText("企业微信").first().waitFor();
    await visit.picture(`settings-channels-${name}`);
    await visit.isAccessible();
    await page.getByRole("tab", { name: "连接" }).click();
    await page.getByText("还没有连接别的系统").waitFor();
    await visit.isAccessible();
    await page.getByRole("tab", { name: "触达规则" }).click();
    await page.getByText("绿野鲜踪").first().waitFor();
    await visit.picture(`settings-policy-${name}`);
    await visit.isAccessible();
    await visit.end();
  },
);

it.concurrent("whoever doesn't manage users sees how messages leave, and no more", async () => {
  const visit = await Visit.as("marketer", { path: "/console/settings?tab=users" });
  const { page } = visit;
  await page.getByRole("tab", { name: "渠道" }).waitFor();
  expect(await page.getByRole("tab").count()).toBe(3);
  await visit.end();
});
