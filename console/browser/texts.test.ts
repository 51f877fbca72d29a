import { expect, it } from "vitest";
import { DESKTOP, PHONE, read, until, Visit } from "./visit";

interface Written {
  body: string;
}

it.concurrent.each([
  ["desktop", DESKTOP, "marketer", "sms"],
  ["phone", PHONE, "admin", "wecom"],
] as const)(
  "a text is seen as it arrives while one writes, and published: %s",
  async (size, viewport, role, channel) => {
    const template = channel === "sms" ? "thank_you" : "usage_video";
    const expected = ["404 /v1/texts/preview"];
    const visit = await Visit.as(role, { viewport, path: "/console/texts", expected });
    const { page } = visit;
    const before = ((await read(`/v1/texts/${template}/${channel}`)) as Written).body;
    const after = `${before.trimEnd()}！`;
    const row = page.getByRole("row", { name: new RegExp(template) });
    await row.waitFor();
    await visit.picture(`texts-${size}`);
    await visit.isAccessible();
    await row.getByRole("link", { name: channel === "sms" ? "短信" : "企业微信" }).click();
    const text = page.getByRole("textbox", { name: "文字" });
    const arrives = page.getByRole("region", { name: "收到时的样子" });
    await arrives.getByText(/\d+ 个字/).waitFor();
    await visit.picture(`text-${size}`);
    await visit.isAccessible();
    await text.fill(`${before}{{ cust`);
    await page.keyboard.press("Control+End");
    await page.keyboard.press("o");
    const offered = page.locator(".cm-tooltip-autocomplete").getByText("customer.name", { exact: true });
    await until(async () => {
      if (!(await offered.isVisible())) await page.keyboard.press("Control+Space");
      return offered.isVisible();
    });
    await visit.picture(`text-names-${size}`);
    await page.keyboard.press("Escape");
    await text.fill(`${before}{{ nobody.name }}`);
    await arrives.getByText("现在还发不出去").waitFor();
    await text.fill(after);
    await arrives.getByText(/\d+ 个字/).waitFor();
    await arrives.getByRole("button", { name: "发一条给我看看" }).click();
    await arrives.getByText(/已发到/).waitFor();
    await visit.picture(`text-tested-${size}`);
    await arrives.getByRole("searchbox").fill("13900000000000");
    await arrives.getByRole("searchbox").press("Enter");
    await arrives.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "发布" }).click();
    await page.getByRole("tooltip").getByRole("button", { name: "发布" }).click();
    await page.getByText("已发布", { exact: true }).waitFor();
    expect(((await read(`/v1/texts/${template}/${channel}`)) as Written).body).toBe(after);
    await page.getByRole("button", { name: "版本" }).click();
    await page.getByRole("button", { name: "和线上比较" }).first().click();
    await page.getByRole("button", { name: "放回来修改" }).click();
    await page.getByText("旧版本已放进编辑框").waitFor();
    await visit.end();
  },
);
