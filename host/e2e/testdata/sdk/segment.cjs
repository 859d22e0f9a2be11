// Sends with Segment's SDK and prints which calls it takes for delivered.
//
//   node segment.cjs NODE_MODULES URL WRITE-KEY TRACKS

const { createRequire } = require("node:module");
const [modules, host, writeKey, tracks] = process.argv.slice(2);
const { Analytics } = createRequire(modules + "/")("@segment/analytics-node");

const answers = { accepted: 0, errors: [] };
const analytics = new Analytics({ writeKey, host, flushAt: 15 });
analytics.on("error", (err) => answers.errors.push(`${err.code}: ${err.reason}`));
const answered = (err) => { if (!err) answers.accepted++; };
const schema = (name) => `iglu:com.example/${name}/jsonschema/1-0-0`;

const userId = "ada";
const page = { url: "https://shop.example/tea?utm_source=mail", title: "Tee & Kännchen", referrer: "https://search.example/?q=tea" };
const context = { ip: "198.51.100.77", locale: "de-CH", page, app: { version: "1.2.0" } };

analytics.identify({ userId, anonymousId: "a-1", traits: { plan: "pro", seats: 3 } }, answered);
analytics.page({ userId, name: "Tea", category: "Shop", properties: page, context }, answered);
analytics.screen({ anonymousId: "a-1", name: "Cart", properties: { items: 2 } }, answered);
analytics.group({ userId, groupId: "g-1", traits: { name: "Leaf & Kettle" } }, answered);
analytics.alias({ userId, previousId: "a-1" }, answered);
analytics.track({ userId, event: schema("product_view"), properties: { sku: "TEA-100", name: "Sencha 茶" } }, answered);
analytics.track({ userId, event: schema("add_to_cart"), properties: { sku: "TEA-100", quantity: 0, price: 7.9, currency: "EUR" } }, answered);
(async () => {
  await analytics.flush();
  for (let n = 0; n < Number(tracks); n++) {
    analytics.track({ userId, event: "Order Completed", properties: { n, revenue: 39.95 }, context }, answered);
  }
  await analytics.closeAndFlush();
  console.log(JSON.stringify(answers));
})();
