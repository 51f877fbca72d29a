import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { inject, it } from "vitest";
import { read, until, Visit } from "./visit";

const segment = readFileSync(
  createRequire(import.meta.url).resolve("@segment/analytics-next/dist/umd/index.js"),
  "utf8",
);

/** A shop's page on a site of its own, with our script or Segment's in it. */
function pageOf(path: string, key: string): string {
  const url = inject("url");
  if (path === "/segment") {
    const host = `${new URL(url).host}/v1`;
    const settings = { integrations: { "Segment.io": { apiKey: key, apiHost: host, protocol: "http" } } };
    return `<script src="/segment.js"></script><script>
      const sdk = AnalyticsNext.AnalyticsBrowser.load({ writeKey: "${key}", cdnSettings: ${JSON.stringify(settings)} });
      sdk.identify("web-segment");
      sdk.track("Order Completed", { order_id: "o-web", total: 12.5 });
    </script>`;
  }
  return `<script src="${url}/aftershow.js" data-key="${key}"></script><script>
    aftershow.identify("web-ours");
    aftershow.cart("c-web", 8900, [{ sku: "beans-250", quantity: 1, price: 8900 }]);
  </script>`;
}

it.concurrent.each([
  ["/ours", "web-ours", "cart.updated"],
  ["/segment", "web-segment", "order.paid"],
])("what happens on a page of the shop's is told: %s", async (path, who, event) => {
  const server = createServer((request, response) => {
    const [kind, body] =
      request.url === "/segment.js" ? ["text/javascript", segment] : ["text/html", pageOf(request.url ?? "", key)];
    response.writeHead(request.url === "/favicon.ico" ? 204 : 200, { "Content-Type": `${kind}; charset=utf-8` });
    response.end(request.url === "/favicon.ico" ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = await fetch(`${inject("url")}/v1/keys`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${inject("key")}` },
    body: JSON.stringify({ name: `page ${path}`, scopes: ["track"], origins: [origin] }),
  });
  const { secret: key } = (await made.json()) as { secret: string };
  const visit = await Visit.begin();
  await visit.page.goto(`${origin}${path}`);
  await until(async () => {
    const { id } = (await read(`/v1/customers?identifier=member_no:${who}`)) as { id?: number };
    return id !== undefined && JSON.stringify(await read(`/v1/customers/${id}/timeline`)).includes(event);
  });
  await visit.end();
  server.close();
});
