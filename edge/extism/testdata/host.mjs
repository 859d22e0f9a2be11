// Usage: node host.mjs SDK WASM
//
// An Extism host in JavaScript. A line {"config": …} of standard input makes a
// plugin with that config; any other is a request to it, for which one line is
// printed: the outcome, or {"error": …}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [sdk, wasm] = process.argv.slice(2);
const { createPlugin } = createRequire(sdk + "/package.json")(sdk);
const module = await WebAssembly.compile(readFileSync(wasm));

let plugin;
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { config } = JSON.parse(line);
    if (config) {
      await plugin?.close();
      plugin = await createPlugin(module, { useWasi: true, config });
    } else {
      console.log((await plugin.call("collect", line)).text());
    }
  } catch (e) {
    console.log(JSON.stringify({ error: String(e) }));
  }
}
await plugin?.close();
