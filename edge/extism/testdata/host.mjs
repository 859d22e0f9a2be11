// Usage: node host.mjs SDK WASM CONFIG
//
// An Extism host in JavaScript: calls collect once for every line of standard
// input and prints one line for each, the outcome or {"error": …}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [sdk, wasm, config] = process.argv.slice(2);
const { createPlugin } = createRequire(sdk + "/package.json")(sdk);

const plugin = await createPlugin({ wasm: [{ data: readFileSync(wasm) }] }, { useWasi: true, config: JSON.parse(config) });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log((await plugin.call("collect", line)).text());
  } catch (e) {
    console.log(JSON.stringify({ error: String(e) }));
  }
}
await plugin.close();
