import { beforeAll, expect, inject, it } from "vitest";
import { told, Visit } from "./visit";

beforeAll(told);

/** What somebody can do on a page, and who is offered it; whoever may not even read the page has no way to it. */
const ACTS = [
  {
    place: "旅程",
    path: "journeys/cross_sell",
    shows: ".react-flow__node",
    act: "暂停",
    by: ["marketer", "operator", "admin"],
  },
  { place: "直播", path: "shows", shows: "main a", act: "排一场直播", by: ["marketer", "operator", "admin"] },
  { place: "库存", path: "stock", shows: "main tbody tr", act: "导入表格", by: ["buyer", "operator", "admin"] },
  { place: "补货", path: "replenishments", shows: "main tbody tr", act: "批准", by: ["buyer", "admin"] },
  { place: "设置", path: "settings", shows: "main [role=tab]", act: "添加成员", by: ["admin"] },
];
const READ: Record<string, string[]> = {
  marketer: ["今日", "旅程", "客户", "人群", "内容", "看板", "消息", "券", "直播", "声音", "库存", "设置"],
  guide: ["导购台"],
  buyer: ["今日", "直播", "库存", "补货"],
  operator: ["今日", "旅程", "客户", "人群", "内容", "看板", "消息", "券", "直播", "声音", "库存", "补货", "设置"],
  analyst: ["今日", "旅程", "客户", "人群", "内容", "看板", "消息", "券", "直播", "声音", "库存", "补货", "设置"],
  product: ["今日", "旅程", "内容", "看板", "直播", "声音", "设置"],
  admin: [
    "今日",
    "旅程",
    "客户",
    "人群",
    "内容",
    "看板",
    "消息",
    "券",
    "直播",
    "声音",
    "库存",
    "补货",
    "导购台",
    "设置",
  ],
};

it.concurrent.each(Object.keys(READ))("is offered what the role may do, and no more: %s", async (role) => {
  const visit = await Visit.as(role);
  const { page } = visit;
  expect(Object.keys(inject("cookies"))).toContain(role);
  const places = await page.getByRole("navigation").getByRole("link").allTextContents();
  expect(places.filter((each) => READ.admin?.includes(each))).toEqual(READ[role]);
  for (const { place, path, shows, act, by } of ACTS) {
    if (!READ[role]?.includes(place)) continue;
    await page.goto(`/console/${path}`);
    await page.locator(shows).first().waitFor();
    const button = page.getByRole("button", { name: act }).first();
    if (by.includes(role)) await button.waitFor();
    else expect(await button.count(), `${role}: ${act}`).toBe(0);
  }
  await visit.end();
});
