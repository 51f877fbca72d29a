// Each SDK sends an order and says who it was, to the server and with the key that it is given.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , modules, url, key] = process.argv;
const require = createRequire(pathToFileURL(`${modules}/`));
const products = [{ product_id: "beans", category: "咖啡豆", quantity: 1, price: 89.5 }];

async function segment() {
  const { Analytics } = require("@segment/analytics-node");
  const sdk = new Analytics({ writeKey: key, host: url });
  sdk.identify({ userId: "segment", anonymousId: "a1", traits: { name: "小李", phone: "13900000001" } });
  sdk.track({ userId: "segment", event: "Order Completed", properties: { order_id: "o-segment", total: 89.5, products } });
  sdk.alias({ userId: "segment", previousId: "a2" });
  await sdk.closeAndFlush();
}

async function rudderstack() {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  const sdk = new Analytics(key, { dataPlaneUrl: url, flushAt: 1 });
  sdk.track({ userId: "rudder", event: "Order Completed", properties: { order_id: "o-rudder", total: 89.5, products } });
  await new Promise((resolve) => sdk.flush(resolve));
}

async function snowplow() {
  const { newTracker, buildSelfDescribingEvent } = require("@snowplow/node-tracker");
  const ours = "iglu:com.snowplowanalytics.snowplow.ecommerce";
  const failed = [];
  const sdk = newTracker(
    { namespace: "t", appId: key, encodeBase64: true },
    { endpoint: url, onRequestFailure: (data) => failed.push(data) },
  );
  sdk.setUserId("snow");
  const [product] = products;
  sdk.track(
    buildSelfDescribingEvent({
      event: { schema: `${ours}/snowplow_ecommerce_action/jsonschema/1-0-2`, data: { type: "transaction" } },
    }),
    [
      { schema: `${ours}/transaction/jsonschema/1-0-0`, data: { transaction_id: "o-snow", revenue: 89.5 } },
      { schema: `${ours}/product/jsonschema/1-0-0`, data: { id: "beans", category: product.category, quantity: 1, price: 89.5 } },
    ],
  );
  await sdk.flush();
  if (failed.length) throw new Error(JSON.stringify(failed));
}

for (const send of [segment, rudderstack, snowplow]) await send();
