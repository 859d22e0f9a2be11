// Usage: node host.mjs SDK WASM
//
// An Extism host in JavaScript. A line {"config": …} of standard input makes a
// plugin with that config. Any other is a request to it, for which one line is
// printed: the outcome, or {"error": …}. {"times": n} makes it n calls for the
// next request, and {"memory": true} prints the size of the plugin's memory, in bytes.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [sdk, wasm] = process.argv.slice(2);
const { createPlugin } = createRequire(sdk + "/package.json")(sdk);
const module = await WebAssembly.compile(readFileSync(wasm));

let plugin;
let times = 1;
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const order = JSON.parse(line);
    if (order.times) {
      times = order.times;
    } else if (order.memory) {
      const { exports } = await plugin.getInstance();
      console.log(exports.memory.buffer.byteLength);
    } else if (order.config) {
      await plugin?.close();
      plugin = await createPlugin(module, { useWasi: true, config: order.config });
    } else {
      let outcome;
      for (; times > 0; times--) {
        outcome = (await plugin.call("collect", line)).text();
        await plugin.reset(); // or the SDK keeps every input and outcome
      }
      times = 1;
      console.log(outcome);
    }
  } catch (e) {
    console.log(JSON.stringify({ error: String(e) }));
  }
}
await plugin?.close();
