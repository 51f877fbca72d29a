import { beforeAll, expect, it } from "vitest";
import { DESKTOP, PHONE, read, told, Visit } from "./visit";

beforeAll(told);

it.concurrent.each([
  ["phone", PHONE],
  ["desktop", DESKTOP],
] as const)("a guide does their tasks, and sees nobody else's customers: %s", async (name, viewport) => {
  const visit = await Visit.as("guide", { viewport, expected: ["404 /v1/desk/customers"], path: "/console/desk" });
  const { page } = visit;
  const tasks = page.getByRole("main").getByRole("listitem");
  await tasks.first().waitFor();
  await visit.picture(`desk-${name}`);
  await visit.isAccessible();
  await page.getByRole("main").getByRole("link").first().click();
  await page.getByText("最近发生了什么").waitFor();
  await visit.picture(`desk-customer-${name}`);
  await visit.isAccessible();
  await page.goBack();
  // Each of the two at work takes one from another end.
  const mine = name === "phone" ? tasks.first() : tasks.last();
  const finished = page.waitForResponse((answer) => answer.url().includes("/finish"));
  await mine.getByRole("button", { name: "完成" }).click();
  expect((await finished).status()).toBe(204);
  // Somebody whom another looks after isn't there, and the attempt is on record.
  const { customers } = (await read("/v1/search?q=13700000099")) as { customers: { id: number }[] };
  const other = customers[0]?.id ?? 0;
  await page.goto(`/console/desk/customers/${other}`);
  await page.getByText("这里什么也没有").waitFor();
  const { entries } = (await read(`/v1/audit?target=customer:${other}`)) as { entries: { action: string }[] };
  expect(entries.map((each) => each.action)).toContain("desk.refused");
  await visit.end();
});
