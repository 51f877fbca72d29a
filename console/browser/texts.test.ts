import { expect, it } from "vitest";
import { DESKTOP, PHONE, read, Visit } from "./visit";

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
    await text.fill(`${before}{{ nobody.name }}`);
    await arrives.getByText("现在还发不出去").waitFor();
    await text.fill(after);
    await arrives.getByText(/\d+ 个字/).waitFor();
    await arrives.getByRole("searchbox").fill("13900000000000");
    await arrives.getByRole("searchbox").press("Enter");
    await arrives.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "发布" }).click();
    await page.getByRole("tooltip").getByRole("button", { name: "发布" }).click();
    await page.getByText("已发布", { exact: true }).waitFor();
    expect(((await read(`/v1/texts/${template}/${channel}`)) as Written).body).toBe(after);
    await visit.end();
  },
);
