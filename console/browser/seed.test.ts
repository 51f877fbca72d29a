import type { Locator } from "playwright-core";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { read, until, Visit, write } from "./visit";

/** A condition as it is put together on the screen, by the words that stand there. */
interface Asked {
  all?: Asked[];
  segment?: string;
  event?: string;
  within?: Span;
  where?: Asked;
  field?: string;
  compare?: string;
  value?: string;
  /** One of the values that the field has. */
  choice?: string;
  other?: string;
}
type Span = [number, string];

const shipped = (name: string) => readFileSync(join(import.meta.dirname, `../../journey_specs/${name}.yaml`), "utf8");

interface Outline {
  head: Record<string, unknown>;
  steps: string[];
  nodes: { at: string; value: unknown }[];
  diagnostics: { severity: string }[];
}

/** The ids of steps that are just put in. */
const FRESH = /^(message|reaction|call|test)$/;

/** What a text says, without what it is called and how it is laid out. */
async function meaning(text: string): Promise<unknown> {
  const answer = await fetch(`${inject("url")}/v1/specs/outline`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${inject("key")}` },
    body: JSON.stringify({ text }),
  });
  const { head, steps, nodes } = (await answer.json()) as Outline;
  return plain([
    { ...head, journey: "", name: "" },
    nodes.filter((each) => steps.includes(each.at)).map((each) => each.value),
  ]);
}

/** Branches that are empty say the same as those that aren't written. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, each]) => !(["then", "else"].includes(key) && Array.isArray(each) && each.length === 0),
  );
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}

/** A marketer at the editor, who knows what is written on the screen and nothing of how it is kept. */
class Marketer {
  constructor(
    readonly visit: Visit,
    readonly name: string,
  ) {}

  get page() {
    return this.visit.page;
  }

  get form() {
    return this.page.getByRole("region", { name: "设置" });
  }

  static async begin(title: string, stem: string): Promise<Marketer> {
    const visit = await Visit.as("marketer", { path: "/console/journeys" });
    const name = `${stem}_${crypto.randomUUID().slice(0, 6)}`;
    await visit.page.getByRole("button", { name: "新建旅程" }).click();
    const dialog = visit.page.getByRole("dialog");
    await dialog.getByLabel("名称").fill(title);
    await dialog.getByLabel("编号").fill(name);
    await dialog.getByRole("button", { name: "开始编辑" }).click();
    await visit.page.getByRole("heading", { name: `编辑：${title}` }).waitFor();
    await visit.page.locator(".react-flow__node").nth(2).waitFor();
    return new Marketer(visit, name);
  }

  async choose(at: Locator, label: string, said: string): Promise<void> {
    const box = at.getByRole("combobox", { name: label, exact: true }).first();
    await box.click();
    const options = this.page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option");
    if ((await box.getAttribute("readonly")) === null) {
      await box.fill(said);
      await until(async () => (await options.filter({ hasNotText: said }).count()) === 0);
    }
    await options
      .filter({ hasText: new RegExp(`^\\s*${said}($|\\s|（)`) })
      .first()
      .click();
    const open = this.page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden)");
    await open.waitFor({ state: "detached", timeout: 1500 }).catch(() => box.press("Escape")); // of many, it stays
  }

  async span(at: Locator, label: string, [amount, unit]: Span): Promise<void> {
    await at.getByRole("spinbutton", { name: label, exact: true }).first().fill(String(amount));
    await this.choose(at, `${label}的单位`, unit);
  }

  async type(at: Locator, label: string, text: string): Promise<void> {
    await at.getByRole("textbox", { name: label, exact: true }).first().fill(text);
  }

  async ask(at: Locator, asked: Asked): Promise<void> {
    if (asked.all) {
      await this.choose(at, "条件的种类", "全部满足");
      for (const [place, each] of asked.all.entries()) {
        if (place > 0) await at.getByRole("button", { name: "再加一个条件" }).last().click();
        await this.ask(at.locator(":scope > [role=group]").nth(place), each);
      }
    } else if (asked.segment) {
      await this.choose(at, "条件的种类", "属于人群");
      await this.choose(at, "属于人群", asked.segment);
    } else if (asked.event) {
      await this.choose(at, "条件的种类", "发生过某事");
      await this.choose(at, "事件", asked.event);
      if (asked.within) await this.span(at, "多久以内", asked.within);
      if (asked.where) {
        await at.getByRole("button", { name: "只算满足条件的" }).first().click();
        await this.ask(at.locator("[role=group]").first(), asked.where);
      }
    } else {
      await this.choose(at, "字段", asked.field ?? "");
      if (asked.compare) await this.choose(at, "比较", asked.compare);
      const operand = at.getByRole("combobox", { name: "比较的值" }).first();
      if (asked.other) {
        await operand.click();
        await operand.fill(asked.other);
        await this.page
          .locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option")
          .filter({ hasText: new RegExp(`^\\s*字段：${asked.other}($|\\s|（)`) })
          .first()
          .click();
      } else if (asked.choice) await this.choose(at, "比较的值", asked.choice);
      else if (asked.value !== undefined) {
        await operand.fill(asked.value);
        await operand.blur();
      }
    }
  }

  group(label: string, place = 0): Locator {
    return this.form.getByRole("group", { name: label, exact: true }).nth(place);
  }

  /** A condition of the journey's own, which a button begins. */
  async where(at: Locator, button: string, asked: Asked): Promise<void> {
    await at.getByRole("button", { name: button }).last().click();
    await this.ask(
      at.getByRole("group", { name: button, exact: true }).getByRole("group", { name: "条件" }).first(),
      asked,
    );
  }

  async head(): Promise<void> {
    await this.page.locator(".react-flow__pane").click({ position: { x: 8, y: 8 } });
    await this.form.getByRole("heading", { name: "旅程设置" }).waitFor();
  }

  /** Puts in a step, on a way if one is named, else at the end. */
  async step(noun: string, way?: string, id?: string): Promise<void> {
    if (way === undefined) {
      await this.head();
      await this.page
        .getByRole("navigation", { name: "步骤" })
        .getByRole("button", { name: new RegExp(`(^|\\s)${noun}$`) })
        .click();
    } else {
      await this.page
        .getByRole("button", { name: new RegExp(`在“.*${way}`) })
        .last()
        .click();
      await this.page
        .getByRole("menuitem", { name: new RegExp(`(^|\\s)${noun}$`) })
        .first()
        .click();
    }
    await this.form.getByRole("heading", { name: noun, exact: true }).waitFor();
    if (id === undefined) return;
    const field = this.form.getByRole("textbox", { name: "编号" });
    await until(async () => FRESH.test(await field.inputValue()));
    await field.fill(id);
  }

  async send(template: string, via: string[], more: { coupon?: string; way?: string; id: string }): Promise<void> {
    await this.step("发送", more.way, more.id);
    const { form } = this;
    await this.choose(form, "内容", template);
    const group = form.getByRole("group", { name: "渠道" });
    const chosen = group.locator(".ant-select-selection-item");
    await until(async () => (await chosen.allTextContents()).length > 0);
    for (;;) {
      const extra = (await chosen.allTextContents()).findIndex((each) => !via.includes(each.trim()));
      if (extra < 0) break;
      const many = await chosen.count();
      await chosen.nth(extra).locator(".ant-select-selection-item-remove").click();
      await until(async () => (await chosen.count()) < many);
    }
    for (const each of via)
      if (!(await chosen.allTextContents()).some((text) => text.trim() === each))
        await this.choose(group, "渠道", each);
    if (more.coupon) await this.choose(form, "带优惠券", more.coupon);
  }

  async waitUntilDay(day: number): Promise<void> {
    await this.step("等待");
    await this.choose(this.form, "怎样等", "到进入后第几天的几点");
    await this.form.getByRole("spinbutton", { name: "第几天（进入那天是 0）" }).fill(String(day));
  }

  /** Takes away the wait that a new journey begins with. */
  async removeFirst(): Promise<void> {
    await this.page.locator(".react-flow__node").nth(1).click();
    await this.form.getByRole("button", { name: "删除这一步（Delete）" }).click();
  }

  /** Compares with what is shipped, and publishes. */
  async publish(like: string): Promise<void> {
    const { page } = this;
    const text = async () => ((await read(`/v1/journeys/${this.name}/draft`)) as { text: string }).text;
    await page.getByText("已保存", { exact: true }).waitFor();
    await this.head();
    await this.visit.picture(`seed-${like}`);
    const wanted = JSON.stringify(await meaning(shipped(like)));
    await until(async () => JSON.stringify(await meaning(await text())) === wanted).catch(() => undefined);
    expect(await meaning(await text())).toEqual(JSON.parse(wanted));
    await page.getByRole("button", { name: "发布", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("第一个版本").waitFor();
    await dialog.getByRole("textbox", { name: "为什么改" }).fill("上线");
    await dialog.getByRole("button", { name: /发布/ }).click();
    await page.waitForURL(new RegExp(`journeys/${this.name}$`));
    await page.getByText("运行中").first().waitFor();
    await write(`/v1/journeys/${this.name}/stop`); // nobody else is to be in two of a kind
    await this.visit.end();
  }
}

it.concurrent("the new customer is built by clicking, and published", async () => {
  const marketer = await Marketer.begin("新客·新", "welcome");
  const { form } = marketer;
  await marketer.where(form, "只在满足条件时开始", {
    all: [{ field: "下单次数", compare: "是", value: "1" }, { field: "直播场次" }],
  });
  await marketer.choose(form, "能不能再次进入", "一生一次");
  await form.getByRole("button", { name: "加一个退出的事件" }).click();
  await marketer.where(marketer.group("中途退出"), "只算满足条件的", {
    field: "订单号",
    compare: "是",
    other: "触发时的订单号",
  });
  await form.getByRole("button", { name: "目标" }).click();
  await marketer.span(marketer.group("目标"), "多久以内", [7, "天"]);
  await marketer.send("thank_you", ["短信"], { id: "thanks" });
  await marketer.choose(form, "性质", "服务通知");
  await marketer.send("freshness_guide", ["企业微信", "公众号"], { id: "guide" });
  await marketer.waitUntilDay(1);
  await marketer.send("usage_video", ["企业微信", "公众号"], { id: "tutorial" });
  await marketer.waitUntilDay(3);
  await marketer.step("分流", undefined, "offer");
  await form.getByRole("button", { name: "加一个方案" }).click();
  await form.getByRole("textbox", { name: "方案" }).nth(2).waitFor();
  for (const [place, name, share] of [
    [0, "off10", 45],
    [1, "off20", 45],
    [2, "control", 10],
  ] as const) {
    await form.getByRole("textbox", { name: "方案" }).nth(place).fill(name);
    await form.getByRole("spinbutton", { name: "占比" }).nth(place).fill(String(share));
  }
  await marketer.visit.picture("seed-welcome-split");
  const channels = ["企业微信", "短信"];
  await marketer.send("repurchase_coupon", channels, { id: "offer10", way: "off10 45%", coupon: "满59减10" });
  await marketer.send("repurchase_coupon", channels, { id: "offer20", way: "off20 45%", coupon: "满99减20" });
  await marketer.waitUntilDay(6);
  await marketer.step("判断");
  await marketer.ask(marketer.group("条件").first(), { field: "券的状态", compare: "是", choice: "未用" });
  await marketer.send("coupon_expiring", ["短信"], { id: "last_call", way: "如果" });
  await marketer.span(form, "过期不发", [12, "小时"]);
  await marketer.removeFirst();
  await marketer.publish("new_customer");
});
