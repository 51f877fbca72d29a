import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Platform, Tracker } from "./tracker";

interface Sent {
  writeKey: string;
  batch: { type: string; messageId: string; event?: string; userId?: string; anonymousId: string }[];
}

function stage() {
  const kept = new Map<string, string>();
  const sent: Sent[] = [];
  const answers: ("taken" | "later" | "no")[] = [];
  let number = 0;
  const platform: Platform = {
    read: (name) => kept.get(name) ?? null,
    write: (name, value) => {
      if (value === null) kept.delete(name);
      else kept.set(name, value);
    },
    send: (_url, body) => {
      sent.push(JSON.parse(body) as Sent);
      return Promise.resolve(answers.shift() ?? "taken");
    },
    random: () => `r${number++}`,
  };
  const begin = (agreed = false) => new Tracker("http://shop", "as_key", platform, agreed);
  return { kept, sent, answers, begin };
}

beforeEach(() => {
  vi.useFakeTimers();
});

describe("the tracker", () => {
  it("gathers what happens, and sends it once", async () => {
    const { sent, begin } = stage();
    const tracker = begin();
    tracker.product({ sku: "beans" });
    tracker.cart("c1", 8900);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent.map(({ batch }) => batch.map(({ event }) => event))).toEqual([["product.viewed", "cart.updated"]]);
  });

  it("keeps nothing on the device until the visitor agrees, and forgets it when they don't any more", async () => {
    const { kept, begin } = stage();
    const tracker = begin();
    tracker.identify("m1");
    await vi.advanceTimersByTimeAsync(5000);
    expect(kept.size).toBe(0);
    tracker.consent(true);
    expect([...kept.keys()].sort()).toEqual(["device", "user"]);
    tracker.consent(false);
    expect(kept.size).toBe(0);
  });

  it("sends again what couldn't be sent, as the same calls, also on the next page", async () => {
    const { kept, sent, answers, begin } = stage();
    answers.push("later", "later");
    begin(true).track("a");
    await vi.advanceTimersByTimeAsync(600);
    expect(kept.has("queue")).toBe(true);
    vi.clearAllTimers(); // the first page is left
    const next = begin(true);
    next.track("b");
    await vi.advanceTimersByTimeAsync(5000);
    const ids = (each: Sent | undefined) => each?.batch.map(({ messageId }) => messageId);
    expect(ids(sent.at(-1))).toEqual([...(ids(sent[0]) ?? []), expect.any(String)]);
    expect(kept.has("queue")).toBe(false);
  });

  it("gives up what will never be taken, and keeps the newest 200 of what can't be sent yet", async () => {
    const { kept, sent, answers, begin } = stage();
    answers.push("no");
    const tracker = begin(true);
    tracker.track("refused");
    await vi.advanceTimersByTimeAsync(600);
    expect(kept.has("queue")).toBe(false);
    for (let number = 0; number < 300; number++) tracker.track(`e${number}`);
    await tracker.flush();
    expect(sent.slice(1).map(({ batch }) => batch.length)).toEqual([50, 50, 50, 50]);
    expect(sent[1]?.batch[0]?.event).toBe("e100");
  });

  it("knows who signed in, and that the next one is another", async () => {
    const { sent, begin } = stage();
    const tracker = begin();
    tracker.identify("m1", { phone: "13900000001" });
    tracker.track("a");
    tracker.reset();
    tracker.track("b");
    await tracker.flush();
    const [first, second, third] = sent[0]?.batch ?? [];
    expect([first?.userId, second?.userId, third?.userId]).toEqual(["m1", "m1", undefined]);
    expect(third?.anonymousId).not.toBe(second?.anonymousId);
  });

  it("leaves with the page all that there is", async () => {
    const { sent, answers, begin } = stage();
    const tracker = begin();
    for (let number = 0; number < 60; number++) tracker.track("a");
    await tracker.flush(true);
    expect(sent.map(({ batch }) => batch.length)).toEqual([50, 10]);
    answers.push("later");
    tracker.track("b");
    await tracker.flush(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent.at(-1)?.batch.map(({ event }) => event)).toEqual(["b"]);
  });
});
