import { expect, it } from "vitest";
import { DESKTOP, happen, PHONE, read, until, Visit } from "./visit";

const text = async (name: string) => ((await read(`/v1/journeys/${name}/draft`)) as { text: string }).text;
const fresh = (stem: string) => `${stem}_${crypto.randomUUID().slice(0, 6)}`;
const nodes = (visit: Visit) => visit.page.locator(".react-flow__node");
const saved = (visit: Visit) => visit.page.getByText("已保存", { exact: true }).waitFor();

async function insertAtEnd(visit: Visit, noun: string): Promise<void> {
  await visit.page.getByRole("button", { name: "在这里加一步" }).last().click();
  await visit.page.getByRole("menuitem", { name: noun }).first().click();
}

it.concurrent("a journey is begun with a recipe, under its own name", async () => {
  const visit = await Visit.as("marketer", { path: "/console/journeys" });
  const { page } = visit;
  const name = fresh("cart");
  await page.getByRole("button", { name: "新建旅程" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "从哪里开始" }).click();
  await page.getByTitle(/加购一小时未付/).click();
  await dialog.getByLabel("编号").fill(name);
  await visit.picture("editor-recipe-desktop");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "开始编辑" }).click();
  await page.getByRole("heading", { name: "编辑：弃购挽回" }).waitFor();
  await page.getByText("YAML", { exact: true }).click();
  await page.getByText(`journey: ${name}`).waitFor();
  await visit.end();
});

it.concurrent("a journey is written from nothing, tried and published, and nobody touches YAML", async () => {
  const visit = await Visit.as("marketer", { path: "/console/journeys" });
  const { page } = visit;
  const name = fresh("thanks");
  await page.getByRole("button", { name: "新建旅程" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("名称").fill("下单感谢");
  await dialog.getByLabel("编号").fill("Bad Name");
  await dialog.getByRole("button", { name: "开始编辑" }).click();
  await dialog.getByText("以小写字母开头").first().waitFor();
  await dialog.getByLabel("编号").fill(name);
  await dialog.getByRole("button", { name: "开始编辑" }).click();
  await page.getByRole("heading", { name: "编辑：下单感谢" }).waitFor();
  await visit.picture("editor-new-desktop");
  await visit.isAccessible();

  await insertAtEnd(visit, "发送");
  await page.getByRole("heading", { name: "发送" }).waitFor();
  await page.getByRole("combobox", { name: "内容" }).fill("thank_you");
  await page.keyboard.press("Enter");
  await until(async () => (await text(name)).includes("thank_you"));
  await insertAtEnd(visit, "判断");
  await page.getByRole("combobox", { name: "比较的值" }).fill("5");
  await page.keyboard.press("Tab");
  await until(async () => (await text(name)).includes("at_least: 5"));
  await saved(visit);
  await visit.picture("editor-condition-desktop");
  await visit.isAccessible();
  await page.getByText("试运行", { exact: true }).click();
  await page.getByRole("textbox", { name: "客户" }).fill("138 0001 0001".replaceAll(" ", ""));
  await page.getByRole("button", { name: "推演" }).click();
  await page.getByText(/此后没有别的事情发生/).waitFor();
  await visit.picture("editor-try-desktop");
  await page.getByRole("button", { name: "留作测试" }).click();
  await dialog.getByRole("textbox", { name: "案例的名字" }).fill("常客收到感谢");
  await dialog.getByRole("button", { name: "写成案例" }).click();
  await dialog.getByText("- name: 常客收到感谢").waitFor();
  await visit.picture("editor-keep-desktop");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: "保留" }).click();
  await page.getByText("已经留作测试").waitFor();
  await page.getByText("过去的客户").click();
  await page.getByRole("button", { name: "回测" }).click();
  await page.getByText("达成目标").waitFor();
  await visit.picture("editor-backtest-desktop");
  await visit.isAccessible();

  await page.getByRole("button", { name: "发布", exact: true }).click();
  await dialog.getByText("第一个版本").waitFor();
  await dialog.getByText("1 个测试都通过了").waitFor();
  await dialog.getByRole("textbox", { name: "为什么改" }).fill("第一次上线");
  await visit.picture("editor-publish-desktop");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: /发布/ }).click();
  await page.waitForURL(new RegExp(`journeys/${name}$`));
  await page.getByText("运行中").first().waitFor();
  await visit.end();
});

it.concurrent(
  "steps are dragged, moved, copied and taken away by mouse and by keyboard, and all of it undone",
  async () => {
    const visit = await Visit.as("admin", { path: `/console/journeys/${fresh("drag")}/edit` });
    const { page } = visit;
    const name = /journeys\/(\w+)\/edit/.exec(page.url())?.[1] ?? "";
    await nodes(visit).nth(2).waitFor();
    const plus = page.getByRole("button", { name: "在这里加一步" });
    await page
      .getByRole("navigation", { name: "步骤" })
      .getByRole("button", { name: /(?<!去)标签/ })
      .dragTo(plus.last());
    await page.getByRole("heading", { name: "标签" }).waitFor();
    await until(async () => /wait: 1d\n {2}- tag: /.test(await text(name)));
    await page.keyboard.press("Escape");

    const tag = nodes(visit).filter({ hasText: "标签" });
    const from = await tag.boundingBox();
    const to = await plus.first().boundingBox();
    if (!from || !to) throw new Error("nothing to drag");
    await page.mouse.move(from.x + from.width / 2, from.y + 50);
    await page.mouse.down();
    await page.mouse.move(to.x + to.width / 2, to.y + 40, { steps: 8 });
    await page.mouse.up();
    await until(async () => /tag: .*\n {2}- wait: 1d/.test(await text(name)));

    await page
      .getByRole("main")
      .locator(".react-flow__pane")
      .click({ position: { x: 20, y: 20 } });
    await nodes(visit).filter({ hasText: "等待" }).first().click();
    await page.keyboard.press("Alt+ArrowUp");
    await until(async () => /wait: 1d\n {2}- tag: /.test(await text(name)));
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+v");
    await until(async () => /wait: 1d\n {2}- wait: 1d/.test(await text(name)));
    await page.keyboard.press("Delete");
    await until(async () => !/wait: 1d\n {2}- wait: 1d/.test(await text(name)));
    for (let times = 0; times < 5; times++) await page.keyboard.press("Control+z");
    await until(async () => !(await text(name)).includes("tag:"));
    await page.keyboard.press("Control+y");
    await until(async () => (await text(name)).includes("tag:"));
    await visit.isAccessible();
    await visit.end();
  },
);

it.concurrent("a wait is changed in a journey that runs, and it is said what becomes of those inside", async () => {
  await happen("cart.updated", "phone:+8613700000077", { cart_id: "edit-1", stream_id: "s1", total: 8900 });
  const visit = await Visit.as("admin", { path: "/console/journeys/abandoned_cart" });
  const { page } = visit;
  const before = ((await read("/v1/journeys/abandoned_cart/versions/1")) as { text: string }).text;
  await page.getByRole("button", { name: "编辑" }).click();
  await page.getByRole("heading", { name: /^编辑：/ }).waitFor();
  await nodes(visit).filter({ hasText: "等待" }).first().click();
  await visit.picture("editor-desktop");
  const span = page.getByRole("spinbutton", { name: "等多久" });
  expect(await span.inputValue()).toBe("1");
  await span.fill("2");
  await until(async () => (await text("abandoned_cart")).includes("wait: 2h"));
  // Nothing but that one value differs.
  expect((await text("abandoned_cart")).replace("wait: 2h", "wait: 1h")).toBe(before);
  await saved(visit);
  await page.getByRole("button", { name: "发布", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("与线上 v1 相比").waitFor();
  await dialog.getByRole("textbox", { name: "为什么改" }).fill("一小时太短");
  await visit.picture("editor-publish-running-desktop");
  await visit.isAccessible();
  await dialog.getByRole("button", { name: /发布/ }).click();
  await page.waitForURL(/journeys\/abandoned_cart$/);
  await page.getByRole("button", { name: "版本记录" }).click();
  await page.getByText("一小时太短").waitFor();
  await page.getByRole("button", { name: "恢复这一版" }).click();
  await page.getByRole("tooltip").getByRole("button", { name: "恢复这一版" }).click();
  await page.waitForURL(/journeys\/abandoned_cart\/edit$/);
  await until(async () => (await text("abandoned_cart")) === before);
  await page.getByRole("button", { name: "发布", exact: true }).click();
  await dialog.getByRole("textbox", { name: "为什么改" }).fill("还是一小时好");
  await dialog.getByRole("button", { name: /发布/ }).click();
  await page.waitForURL(/journeys\/abandoned_cart$/);
  await visit.end();
});

it.concurrent("of two who write, the second is told, and both changes are kept", async () => {
  const name = fresh("together");
  const path = `/console/journeys/${name}/edit`;
  const expected = [`412 /v1/journeys/${name}/draft`];
  const [one, other] = await Promise.all([
    Visit.as("marketer", { path, expected }),
    Visit.as("admin", { path, expected }),
  ]);
  for (const visit of [one, other]) {
    await visit.page.getByText("YAML", { exact: true }).click();
    await visit.page.locator(".cm-content").waitFor();
  }
  await one.page.locator(".cm-content").click();
  await one.page.keyboard.press("Control+End");
  await one.page.keyboard.insertText("  - wait: 2d\n");
  await saved(one);
  await other.page.locator(".cm-content").click();
  await other.page.keyboard.press("Control+Home");
  await other.page.keyboard.insertText("# ours\n");
  await other.page.getByText("林晓 刚保存了另一处修改").waitFor();
  await other.picture("editor-clash-desktop");
  await other.isAccessible();
  await other.page.getByRole("button", { name: "合并两边" }).click();
  await until(async () => {
    const now = await text(name);
    return now.startsWith("# ours\n") && now.includes("wait: 2d");
  });
  await other.page.getByLabel("林晓 也在编辑").waitFor();
  await Promise.all([one.end(), other.end()]);
});

it.concurrent.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
] as const)("what is broken is shown as far as it can be read, and pointed at: %s", async (size, viewport) => {
  const visit = await Visit.as("marketer", { viewport, path: `/console/journeys/${fresh("broken")}/edit` });
  const { page } = visit;
  await nodes(visit).nth(2).waitFor();
  await page.getByText("YAML", { exact: true }).click();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("  - {id: hi, send: nothing_like_it, via: [sms]}\n  - {wiat: 3d}\n");
  await nodes(visit).filter({ hasText: "处错误" }).first().waitFor();
  await visit.picture(`editor-broken-${size}`);
  await page.getByText("设置", { exact: true }).last().click();
  await page.getByRole("button", { name: "去看" }).first().click();
  await visit.isAccessible();
  expect(await page.getByRole("button", { name: "发布", exact: true }).isEnabled()).toBeDefined();
  await visit.end();
});
