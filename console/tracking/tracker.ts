/** Collects what happens on a page and sends it on, also what couldn't be sent before; the same for pages and
 * mini-programs, which differ in where they keep things and how they send. */

export type Data = Record<string, unknown>;

export interface Item {
  sku: string;
  name?: string;
  category?: string;
  quantity?: number;
  /** Fen, of one. */
  price?: number;
}

export interface Platform {
  /** What is kept between visits; without consent it isn't asked for anything. */
  read(name: string): string | null;
  write(name: string, value: string | null): void;
  /** Whether it was taken. "no" is for what will never be; with `leaving`, nobody waits for an answer. */
  send(url: string, body: string, leaving: boolean): Promise<"taken" | "later" | "no">;
  random(): string;
}

interface Call {
  type: "track" | "identify" | "page";
  messageId: string;
  timestamp: string;
  anonymousId: string;
  userId?: string;
  event?: string;
  traits?: Data;
  properties?: Data;
  context?: { traits: Data };
}

const MOST_KEPT = 200;
const MOST_SENT = 50;
const GATHER = 500;
const LONGEST_PAUSE = 60_000;

export class Tracker {
  private queue: Call[] = [];
  private device: string;
  private user: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = 0;
  private sending = false;

  /** `consent`: the visitor agreed that something is kept on their device. Until then it is forgotten with the page. */
  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly platform: Platform,
    private agreed = false,
  ) {
    this.device = platform.random();
    if (agreed) this.recall();
  }

  /** The visitor agrees that this device is known again, or no longer does. */
  consent(agreed: boolean): void {
    this.agreed = agreed;
    if (agreed) {
      this.recall();
      return;
    }
    for (const name of ["device", "user", "queue"]) this.platform.write(name, null);
    this.device = this.platform.random();
    this.user = undefined;
  }

  /** Something happened: one of our events (`product.viewed`, amounts in fen), or one by a name of the shop's. */
  track(event: string, properties: Data = {}): void {
    this.take("track", { event, properties });
  }

  /** The visitor signed in: how the shop's systems call them, and what names them beside (`phone`, `unionid`). */
  identify(user: string, traits: Data = {}): void {
    this.user = user;
    if (this.agreed) this.platform.write("user", user);
    this.take("identify", { traits });
  }

  /** The visitor signed out: the next one is another. */
  reset(): void {
    this.user = undefined;
    this.device = this.platform.random();
    if (!this.agreed) return;
    this.platform.write("user", null);
    this.platform.write("device", this.device);
  }

  page(properties: Data = {}): void {
    this.take("page", { properties });
  }

  product(item: Item & { stream_id?: string }): void {
    this.track("product.viewed", { ...item });
  }

  /** `total` in fen. */
  cart(cart_id: string, total: number, items: Item[] = []): void {
    this.track("cart.updated", { cart_id, total, items });
  }

  clearCart(cart_id: string): void {
    this.track("cart.cleared", { cart_id });
  }

  joinStream(stream_id: string): void {
    this.track("stream.joined", { stream_id });
  }

  leaveStream(stream_id: string, minutes?: number): void {
    this.track("stream.left", { stream_id, ...(minutes === undefined ? {} : { minutes }) });
  }

  comment(stream_id: string, text: string): void {
    this.track("stream.commented", { stream_id, text });
  }

  /** Sends what there is. `leaving`: the page goes away, so that nothing can be tried again. */
  async flush(leaving = false): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.sending && !leaving) return;
    this.sending = true;
    try {
      while (this.queue.length) {
        const batch = this.queue.slice(0, MOST_SENT);
        const sentAt = new Date().toISOString();
        const body = JSON.stringify({ writeKey: this.key, sentAt, batch });
        const sending = this.platform.send(`${this.url}/v1/batch`, body, leaving);
        if (leaving) this.drop(batch);
        const answer = await sending;
        if (answer === "later") {
          if (leaving) this.queue.unshift(...batch);
          this.keep();
          this.later();
          return;
        }
        if (!leaving) this.drop(batch);
        this.pause = 0;
      }
    } finally {
      this.sending = false;
    }
  }

  private take(type: Call["type"], what: Pick<Call, "event" | "properties" | "traits">): void {
    const call: Call = {
      ...{ type, messageId: this.platform.random(), timestamp: new Date().toISOString() },
      ...{ anonymousId: this.device, ...what },
    };
    if (this.user !== undefined) call.userId = this.user;
    this.queue = [...this.queue, call].slice(-MOST_KEPT);
    this.keep();
    if (this.timer === undefined && !this.sending) this.wait(this.pause || GATHER);
  }

  private drop(batch: Call[]): void {
    const gone = new Set(batch);
    this.queue = this.queue.filter((call) => !gone.has(call));
    this.keep();
  }

  /** Tried again after a pause that doubles each time, and isn't the same for all visitors. */
  private later(): void {
    this.pause = Math.min(LONGEST_PAUSE, Math.max(1000, this.pause * 2));
    this.wait(this.pause * (0.5 + Math.random()));
  }

  private wait(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), milliseconds);
  }

  private keep(): void {
    if (this.agreed) this.platform.write("queue", this.queue.length ? JSON.stringify(this.queue) : null);
  }

  private recall(): void {
    const device = this.platform.read("device");
    if (device) this.device = device;
    else this.platform.write("device", this.device);
    this.user ??= this.platform.read("user") ?? undefined;
    if (this.user !== undefined) this.platform.write("user", this.user);
    try {
      const kept = JSON.parse(this.platform.read("queue") ?? "[]") as Call[];
      this.queue = [...kept, ...this.queue].slice(-MOST_KEPT);
    } catch {
      this.platform.write("queue", null);
    }
    this.keep();
    if (this.queue.length) this.wait(GATHER);
  }
}
