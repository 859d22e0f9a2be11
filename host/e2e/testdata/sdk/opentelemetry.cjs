// Sends logs with OpenTelemetry's SDK and its exporter of OTLP in JSON, and
// prints what the exporter told the SDK of its requests.
//
//   node opentelemetry.cjs NODE_MODULES URL SERVICE RECORDS

const { createRequire } = require("node:module");
const { randomUUID } = require("node:crypto");
const [modules, url, service, records] = process.argv.slice(2);
const load = createRequire(modules + "/");
const { LoggerProvider, BatchLogRecordProcessor } = load("@opentelemetry/sdk-logs");
const { OTLPLogExporter } = load("@opentelemetry/exporter-logs-otlp-http");
const { resourceFromAttributes } = load("@opentelemetry/resources");

const answers = { accepted: 0, errors: [] };
const exporter = new OTLPLogExporter({ url: url + "/v1/logs", timeoutMillis: 100_000 });
const send = exporter.export.bind(exporter);
exporter.export = (batch, done) => send(batch, (result) => {
  if (result.code === 0) answers.accepted += batch.length;
  else answers.errors.push(String(result.error));
  done(result);
});
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ "service.name": service, "host.ip": ["198.51.100.9"] }),
  processors: [new BatchLogRecordProcessor({ exporter, exportTimeoutMillis: 100_000 })],
});
const logger = provider.getLogger("checkout", "1.2.0");
const uid = () => ({ "log.record.uid": randomUUID() });
const schema = (name) => `iglu:com.example/${name}/jsonschema/1-0-0`;

logger.emit({
  severityNumber: 9, severityText: "INFO", body: "drei Kännchen Sencha 茶", timestamp: new Date("2026-11-20T23:03:20.123Z"),
  attributes: { ...uid(), "http.route": "/orders", items: ["a", "b"], ratio: 0.5, count: 7, "user.id": "ada", "client.address": "198.51.100.77" },
});
logger.emit({ eventName: schema("product_view"), body: { sku: "TEA-100", name: "Sencha 茶" }, attributes: uid() });
logger.emit({ eventName: schema("add_to_cart"), body: { sku: "TEA-100", quantity: 0, price: 7.9, currency: "EUR" }, attributes: uid() });
for (let n = 0; n < Number(records); n++) logger.emit({ body: `record ${n}`, attributes: uid() });
provider.shutdown().then(() => console.log(JSON.stringify(answers)));
