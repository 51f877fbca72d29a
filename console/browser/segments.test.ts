import { expect, it } from "vitest";
import { PHONE, read, SIZES, until, Visit } from "./visit";

it.concurrent.each(SIZES)("a segment tells how many are in it, who, and why: %s", async (name, viewport) => {
  const visit = await Visit.as("analyst", { viewport, path: "/console/segments" });
  const { page } = visit;
  const row = page.getByRole("row", { name: /高价值客户/ });
  await row.waitFor();
  await visit.picture(`segments-${name}`);
  await visit.isAccessible();
  expect(await page.getByRole("button", { name: "新建人群" }).count()).toBe(0);
  await row.getByRole("button").click();
  const drawer = page.getByRole("dialog");
  await drawer
    .getByText(/累计消费/)
    .first()
    .waitFor();
  await drawer.getByText("咖啡豆 3 天后交叉销售").waitFor();
  await drawer.getByRole("combobox", { name: "和另一个人群的重叠" }).click();
  await page.locator(".ant-select-item-option").first().click();
  await drawer.getByText(/同时属于两个人群/).waitFor();
  await page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden)").waitFor({ state: "detached" });
  await visit.picture(`segment-${name}`);
  await visit.isAccessible();
  await visit.end();
});

it.concurrent.each([
  ["marketer", undefined],
  ["admin", PHONE],
] as const)("a segment is made by form, its size told while one writes, and changed: %s", async (role, viewport) => {
  const visit = await Visit.as(role, {
    expected: ["422 /v1/segments/preview"],
    path: "/console/segments",
    ...(viewport && { viewport }),
  });
  const { page } = visit;
  const name = `常客 ${crypto.randomUUID().slice(0, 6)}`;
  await page.getByRole("button", { name: "新建人群" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "名称" }).fill(name);
  await dialog.getByText(/位客户符合/).waitFor();
  for (const event of ["order.payed", "order.paid"]) {
    await dialog.getByRole("combobox", { name: "事件" }).fill(event);
    await page.keyboard.press("Enter");
    if (event === "order.payed") await dialog.getByRole("alert").waitFor();
  }
  await dialog.getByText(/位客户符合/).waitFor();
  await visit.picture(`segment-form-${role}`);
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "发布" }).click();
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  await page
    .getByRole("row", { name: new RegExp(name) })
    .getByRole("button")
    .click();
  await page.getByRole("button", { name: "修改" }).click();
  await dialog.getByRole("spinbutton", { name: "多久以内" }).fill("7");
  await dialog.getByText(/位客户符合/).waitFor();
  await dialog.getByRole("button", { name: "发布" }).click();
  await until(async () => JSON.stringify(await read(`/v1/segments/${encodeURIComponent(name)}`)).includes("7d"));
  await visit.end();
});

it.concurrent(
  "a tag's rule is made by form, its size told while one writes, and it says why a customer has it",
  async () => {
    const visit = await Visit.as("marketer", { path: "/console/segments" });
    const { page } = visit;
    const name = `买过 ${crypto.randomUUID().slice(0, 6)}`;
    await page.getByText("标签", { exact: true }).click();
    await page.getByRole("button", { name: "新建标签" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "名称" }).fill(name);
    await dialog.getByText(/位客户符合/).waitFor();
    await dialog.getByRole("spinbutton", { name: "条件不再成立后再保留" }).fill("7");
    await visit.picture("tag-form-desktop");
    await visit.isAccessible();
    await dialog.getByRole("button", { name: "发布" }).click();
    await page.getByRole("button", { name }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("还没有地方用到它").waitFor();
    await drawer.getByText(/下单/).first().waitFor();
    await visit.isAccessible();
    expect(await read(`/v1/tags/${encodeURIComponent(name)}`)).toMatchObject({ keep: "7d" });
    await visit.end();
  },
);
