// Sends one of each kind of event with the Snowplow Node tracker, as its users
// would, and prints how the collector answered.
//
//   node node_tracker.cjs PACKAGE-FOLDER HOST PORT METHOD APP

const [folder, endpoint, port, eventMethod, appId] = process.argv.slice(2);
const { newTracker, buildPageView, buildPagePing, buildStructEvent, buildSelfDescribingEvent } = require(folder);

const answers = { accepted: 0, refused: [] };
const tracker = newTracker(
  { namespace: "e2e", appId },
  {
    endpoint, port: Number(port), protocol: "http", eventMethod, bufferSize: 3,
    onRequestSuccess: (batch) => { answers.accepted += batch.length; },
    onRequestFailure: (failure) => answers.refused.push({ status: failure.status, message: failure.message, events: failure.events.length }),
  },
);
tracker.setUserId("ada");
tracker.setScreenResolution(1280, 720);

const schema = (name) => `iglu:com.example/${name}/jsonschema/1-0-0`;
const product = (sku, name) => ({ schema: schema("product"), data: { sku, name } });

tracker.track(buildPageView({ pageUrl: "https://shop.example/tea?utm_source=mail", pageTitle: "Tee & Kännchen", referrer: "https://search.example/?q=tea" }));
tracker.track(buildPagePing({ pageUrl: "https://shop.example/tea", minXOffset: 0, maxXOffset: 0, minYOffset: 10, maxYOffset: 480 }));
tracker.track(buildStructEvent({ category: "newsletter", action: "subscribe", label: "footer", property: "weekly", value: 9.95 }));
tracker.track(
  buildSelfDescribingEvent({ event: { schema: schema("product_view"), data: { sku: "TEA-100", name: "Sencha 茶", price: 7.9, currency: "EUR" } } }),
  [product("TEA-100", "Sencha 茶"), product("TEA-130", "Hojicha")],
);
tracker.track(buildSelfDescribingEvent({ event: { schema: schema("add_to_cart"), data: { sku: "TEA-100", quantity: 0, price: 7.9, currency: "EUR" } } }));

// A flush does nothing while an earlier one is under way, so one is not enough.
const deadline = Date.now() + 20_000;
const settle = async () => {
  while (answers.accepted < 5 && answers.refused.length === 0 && Date.now() < deadline) {
    await tracker.flush();
    await new Promise((resume) => setTimeout(resume, 20));
  }
  console.log(JSON.stringify(answers));
};
settle();
