import { beforeAll, expect, inject, it } from "vitest";
import { happen, PHONE, told, until, Visit } from "./visit";

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
  await viewer.page.goto(`/play/vote?token=${String(token)}`);
  await screen.page.goto("/play/vote/screen");
  await viewer.page.getByRole("button", { name: "每日坚果" }).click();
  await viewer.page.getByText("已参加").waitFor();
  await viewer.page.reload();
  await viewer.page.getByText("已参加").waitFor();
  expect(await viewer.page.getByRole("button", { name: "每日坚果" }).isDisabled()).toBe(true);
  await until(async () => (await screen.page.locator("#count").textContent()) === "1");
  await viewer.picture("play-phone");
  await screen.picture("play-screen");
  await host.page.getByRole("button", { name: "提前截止" }).click();
  await host.page.locator(".ant-modal-confirm").getByRole("button", { name: "提前截止" }).click();
  await viewer.page.getByText("最高票： 每日坚果").waitFor();
  await host.picture("plays");
  await happen("stream.ended", undefined, { stream_id: SHOW });
  await Promise.all([host, viewer, screen].map((each) => each.end()));
});
