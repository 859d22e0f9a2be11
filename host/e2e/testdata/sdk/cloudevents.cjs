// Sends with the CloudEvents SDK, in each mode that HTTP has, and prints what
// came of it.
//
//   node cloudevents.cjs NODE_MODULES URL

const { createRequire } = require("node:module");
const [modules, url] = process.argv.slice(2);
const { CloudEvent, HTTP, Mode, emitterFor, httpTransport } = createRequire(modules + "/")("cloudevents");

const transport = httpTransport(url + "/cloudevents?aid=cloudevents");
const source = "https://shop.example/web";
const schema = (name) => `iglu:com.example/${name}/jsonschema/1-0-0`;
const viewed = (id, more) => new CloudEvent({
  id, source, type: "com.example.viewed", subject: "TEA-100", time: "2026-11-20T23:03:00.500Z", traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
  dataschema: schema("product_view"), data: { sku: "TEA-100", name: "Sencha 茶" }, ...more,
});

(async () => {
  const binary = emitterFor(transport, { binding: HTTP, mode: Mode.BINARY });
  const structured = emitterFor(transport, { binding: HTTP, mode: Mode.STRUCTURED });
  await binary(viewed("binary-1"));
  await binary(viewed("binary-2", { dataschema: undefined, datacontenttype: "text/plain", data: "drei Kännchen" }));
  await structured(viewed("structured-1"));
  await structured(viewed("structured-2", { dataschema: undefined, datacontenttype: "application/octet-stream", data: new Uint8Array([255, 1, 2]) }));
  // What a sender did not hear of is sent again.
  await structured(viewed("structured-1"));
  // The SDK reads batches and leaves it to its users to write them.
  const batch = [viewed("batch-1"), viewed("batch-2", { dataschema: schema("add_to_cart"), data: { sku: "TEA-100", quantity: 0, price: 7.9, currency: "EUR" } })];
  await transport({ headers: { "content-type": "application/cloudevents-batch+json" }, body: JSON.stringify(batch) });
  console.log(JSON.stringify({ accepted: 7, errors: [] }));
})().catch((err) => console.log(JSON.stringify({ accepted: 0, errors: [String(err)] })));
