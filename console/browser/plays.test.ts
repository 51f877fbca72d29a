import { beforeAll, expect, inject, it } from "vitest";
import { DESKTOP, happen, PHONE, told, until, Visit } from "./visit";

beforeAll(told);

const SHOW = "live-plays";

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${inject("url")}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${inject("key")}` },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBeLessThan(300);
  return (await answer.json()) as Record<string, unknown>;
}

it("a host opens a vote, a viewer votes once on a phone, and the big screen tells it", async () => {
  await happen("stream.started", undefined, { stream_id: SHOW, title: "玩法专场" });
  const host = await Visit.as("marketer", { path: "/console/plays" });
  await host.page.getByRole("button", { name: "下一个讲什么" }).click();
  await host.page.getByRole("button", { name: "开一场" }).click();
  await host.page.getByRole("button", { name: "提前截止" }).waitFor();
  const { token } = await post("/v1/plays/vote/tokens", { customer: { unionid: "viewer-1" } });
  const [viewer, screen] = await Promise.all([Visit.begin({ viewport: PHONE }), Visit.begin()]);
  await viewer.page.clock.setSystemTime(new Date("2019-01-01"));
  await screen.page.clock.setSystemTime(new Date("2031-01-01"));
  await viewer.page.goto(`/play/vote?token=${String(token)}`);
  await screen.page.goto("/play/vote/screen");
  await viewer.page.getByRole("button", { name: "每日坚果" }).click();
  await viewer.page.getByText("已参加").waitFor();
  await viewer.page.reload();
  await viewer.page.getByText("已参加").waitFor();
  expect(await viewer.page.getByRole("button", { name: "每日坚果" }).isDisabled()).toBe(true);
  await until(async () => (await screen.page.locator("#count").textContent()) === "1");
  expect(await screen.page.locator("#state").textContent()).toMatch(/ [23]:\d\d$/);
  expect(await viewer.page.locator("#state").textContent()).toMatch(/2\d{3}\/\d/);
  expect(await viewer.page.locator("#state").textContent()).not.toContain("2019");
  await viewer.isAccessible();
  await screen.isAccessible();
  await viewer.picture("play-phone");
  await screen.picture("play-screen");
  await host.page.getByRole("button", { name: "提前截止" }).click();
  await host.page.locator(".ant-modal-confirm").getByRole("button", { name: "提前截止" }).click();
  await viewer.page.getByText("最高票： 每日坚果").waitFor();
  await host.picture("plays");
  await happen("stream.ended", undefined, { stream_id: SHOW });
  await Promise.all([host, viewer, screen].map((each) => each.end()));
});

it("a marketer puts a play together by clicking, publishes it, opens and stops it", async () => {
  const marketer = await Visit.as("marketer", { path: "/console/plays" });
  const { page } = marketer;
  await page.getByRole("button", { name: "拼一个新玩法" }).click();
  const text = page.getByRole("textbox", { name: "玩法的文字" });
  const begun = await text.inputValue();
  await text.fill(begun.replace("new_play", "lottery"));
  await page.getByText("已经有玩法 lottery").waitFor();
  await text.fill(
    begun
      .replace("new_play", "put_together")
      .replace("新玩法", "拼出来的")
      .replace("during: {stream: any}\n", "")
      .replace("times: 1", "times: 2"),
  );
  await page.getByRole("button", { name: "+ 公布", exact: true }).click();
  await page.getByRole("button", { name: "+ 抽奖" }).click();
  await page.getByRole("button", { name: "+ 统计票数" }).click();
  await page.getByText("E070").waitFor();
  await page.getByRole("button", { name: "去掉第 4 步" }).click();
  await page.getByRole("button", { name: "第 3 步上移" }).click();
  await page.getByText("没有错误").waitFor();
  const steps = page.getByRole("list", { name: "步骤" }).getByRole("listitem");
  expect(await steps.allTextContents()).toEqual([
    expect.stringContaining("收集报名"),
    expect.stringContaining("抽出"),
    expect.stringContaining("公布"),
  ]);
  await marketer.isAccessible();
  await marketer.picture("play-composer");
  await page.setViewportSize(PHONE);
  await marketer.picture("play-composer-phone");
  await page.setViewportSize(DESKTOP);
  await page
    .getByRole("button", { name: "发 布" })
    .or(page.getByRole("button", { name: "发布" }))
    .click();
  await page.getByText("第 1 版已生效").waitFor();
  await page.getByRole("button", { name: "拼出来的" }).click();
  await page.getByRole("button", { name: "开一场" }).click();
  await page.getByRole("button", { name: "中止" }).waitFor();
  const { token } = await post("/v1/plays/put_together/tokens", { customer: { unionid: "viewer-2" } });
  const viewer = await Visit.begin({ viewport: PHONE });
  await viewer.page.goto(`/play/put_together?token=${String(token)}`);
  const enter = viewer.page.getByRole("button", { name: "参加" });
  for (const times of ["1", "2"]) {
    await enter.click();
    await viewer.page.getByText(`${times} 人次参与`).waitFor();
  }
  await until(() => enter.isDisabled());
  await viewer.page.getByText("已参加").waitFor();
  await viewer.end();
  await page.getByRole("button", { name: "中止" }).click();
  await page.getByRole("textbox", { name: "中止的原因" }).fill("试一下");
  await page.getByRole("button", { name: "中止" }).click();
  await page.getByText("已中止").last().waitFor();
  await page.getByText("试一下").waitFor();
  await marketer.picture("play-stopped");
  await page.setViewportSize(PHONE);
  await marketer.picture("play-stopped-phone");
  await marketer.end();
});
