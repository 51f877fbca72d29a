import { beforeAll, expect, it } from "vitest";
import { DESKTOP, PHONE, read, told, Visit } from "./visit";

beforeAll(told);

it.concurrent.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)("what customers say is told as topics, and leads to a product: %s", async (name, viewport) => {
  const visit = await Visit.as("product", { viewport, path: "/console/voice" });
  const { page } = visit;
  await page.getByText("最近 30 天").click();
  await page.getByRole("row", { name: /口味偏淡.*老坛酸菜鱼/ }).waitFor();
  await visit.picture(`voice-${name}`);
  await visit.isAccessible();

  await page.getByRole("tab", { name: "评论" }).click();
  await page.getByRole("button", { name: "更正" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "保存" }).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "取消" }).click();

  await page.getByRole("tab", { name: "报告" }).click();
  await page.getByText("一件商品").click();
  await page.getByRole("combobox", { name: "商品" }).click();
  await page.getByTitle("老坛酸菜鱼", { exact: true }).click();
  await page.getByRole("region", { name: "差评" }).getByText("口味偏淡").waitFor();
  await visit.picture(`report-${name}`);
  await visit.isAccessible();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "下载 Word" }).click();
  expect((await download).suggestedFilename()).toMatch(/^voice-.*\.docx$/);

  await page.getByRole("tab", { name: "需求" }).click();
  await page.getByRole("button", { name: /老坛酸菜鱼：口味偏淡/ }).click();
  await page.getByText(/首场每分钟卖/).waitFor();
  await visit.picture(`requirement-${name}`);
  await visit.isAccessible();
  await visit.end();
});

it("a show is reviewed, with what is to be done about it", async () => {
  const { alerts } = { alerts: (await read("/v1/alerts")) as { stream_id: string; topic: string }[] };
  const stream = alerts.find((each) => each.topic === "口味偏淡")?.stream_id ?? "";
  const visit = await Visit.as("product", { path: `/console/shows/${stream}/review` });
  const { page } = visit;
  await page.getByRole("heading", { name: "各部门待办" }).waitFor();
  await page.getByRole("img", { name: /观看曲线/ }).waitFor();
  await visit.picture("review-desktop");
  await visit.isAccessible();
  await page.getByRole("textbox", { name: "记下一个决定" }).fill("下一场先上轻盐版");
  await page.getByRole("button", { name: "记下", exact: true }).click();
  await page.getByText("下一场先上轻盐版").waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "导出 Word" }).click();
  expect((await download).suggestedFilename()).toBe(`review-${stream}.docx`);
  await visit.end();
});
