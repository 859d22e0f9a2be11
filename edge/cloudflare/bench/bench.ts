// Measures the edge module in V8 beside plain JavaScript, in one process and in
// alternating rounds. The module always does the whole job: CORS and cookies,
// every parameter converted, addresses truncated, events judged, the batch
// written. Plain JavaScript is measured up to the verdict alone (TextDecoder,
// JSON.parse, Ajv) and with an ordinary way of writing the batch after it.

import { gzipSync } from "node:zlib"
import { Module } from "../src/module"
import { Plain } from "./plain"
import { alternate, built, median, root, ROUNDS, time } from "./rounds"
import { bodies, request, userAgent, VARIANTS } from "./traffic"

const wasm = built("edge.wasm")
const bundle = built("default.bundle")
const compiled = new WebAssembly.Module(wasm)
const module = new Module(compiled, new Uint8Array(0), bundle)
const plain = new Plain(`${root}schemas`)

const microseconds = (ns: number) => `${(ns / 1000).toFixed(2).padStart(8)} µs`

function compare(events: number): void {
  const traffic = bodies(events)
  const inputs = traffic.map(request)
  for (const [i, input] of inputs.entries()) {
    const header = JSON.parse(new TextDecoder().decode(module.collect(input).batch).split("\n", 1)[0]!)
    const faults = plain.judge(traffic[i]!)
    if (header.events !== events || header.failed !== 0 || faults !== 0) {
      throw new Error(`variant ${i}: the module found ${header.failed} of ${header.events} events failed, plain JavaScript ${faults} faults; all should be good`)
    }
  }
  const { clientIP } = inputs[0]!
  const sides: [name: string, calls: (() => unknown)[]][] = [
    ["edge module, whole job", inputs.map((input) => () => module.collect(input))],
    ["plain JavaScript, verdict alone", traffic.map((body) => () => plain.judge(body))],
    ["plain JavaScript, with the batch", traffic.map((body) => () => plain.collect(body, clientIP, userAgent))],
    ["JSON.parse of the body alone", traffic.map((body) => () => JSON.parse(new TextDecoder().decode(body)))],
  ]
  const times = alternate(sides.map(([, calls]) => calls), Math.ceil(60 / events))
  const bytes = traffic.reduce((sum, body) => sum + body.length, 0) / VARIANTS
  console.log(`\n${events} event${events === 1 ? "" : "s"} in ${(bytes / 1000).toFixed(1)} KB`)
  for (const [i, [name]] of sides.entries()) {
    // Of neighbours in the same round, so that a busy machine slows both.
    const ratio = median(times[i]!.map((t, round) => t / times[0]![round]!))
    console.log(`  ${name.padEnd(34)}${microseconds(median(times[i]!))}   ${ratio.toFixed(2).padStart(5)} of the module's time`)
  }
}

// One more instance of the compiled module, up to its first answer.
function coldStart(): number {
  const input = request(bodies(1)[0]!)
  return median(Array.from({ length: 25 }, () => time([() => new Module(compiled, new Uint8Array(0), bundle).collect(input)], 1)))
}

const kilobytes = (b: Uint8Array) => `${(b.length / 1000).toFixed(1)} KB, ${(gzipSync(b, { level: 9 }).length / 1000).toFixed(1)} KB gzipped`
console.log(`edge.wasm       ${kilobytes(wasm)}`)
console.log(`default.bundle  ${kilobytes(bundle)}`)
console.log(`instantiate, start and answer once: ${microseconds(coldStart())}`)
console.log(`a request, median of ${ROUNDS} rounds over ${VARIANTS} variants, Node ${process.version}`)
for (const events of [1, 10]) compare(events)
