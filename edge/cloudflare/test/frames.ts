// A Worker for tests: an input frame comes in as a request body, and the
// module's outcome frame goes out. Time, entropy, address and place are thus
// the test's own; everything from the input to the outcome is the Worker's. A
// header Times says how often to collect, Instances how often by an instance of
// its own before, and Memory comes back with the size of the module's memory in
// bytes.

import bundle from "../build/default.bundle"
import compiled from "../build/edge.wasm"
import { type Input } from "../src/frame"
import { Module } from "../src/module"

interface Env {
  WEIR_SETTINGS?: string
}

let module: Module | undefined

export default {
  async fetch(request, env): Promise<Response> {
    const fresh = () => new Module(compiled, new TextEncoder().encode(env.WEIR_SETTINGS ?? ""), new Uint8Array(bundle))
    module ??= fresh()
    const input = decodeInput(new Uint8Array(await request.arrayBuffer()))
    try {
      for (let n = Number(request.headers.get("instances") ?? 0); n > 0; n--) fresh().collect(input)
      for (let n = Number(request.headers.get("times") ?? 1); n > 1; n--) module.collect(input)
      const { frame } = module.collect(input)
      return new Response(frame, { headers: { memory: String(module.memory) } })
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
} satisfies ExportedHandler<Env>

function decodeInput(frame: Uint8Array): Input {
  const view = new DataView(frame.buffer)
  let at = 48
  const bytes = () => {
    const length = view.getUint32(at, true)
    at += 4 + length
    return frame.subarray(at - length, at)
  }
  const string = () => new TextDecoder().decode(bytes())
  const input: Input = {
    secure: (frame[5]! & 1) !== 0,
    bodyTooLarge: (frame[5]! & 2) !== 0,
    trapped: (frame[5]! & 4) !== 0,
    bot: { score: frame[6]!, verified: (frame[5]! & 8) !== 0 },
    now: Number(view.getBigInt64(8, true)),
    entropy: frame.slice(16, 48),
    method: string(), path: string(), query: string(), host: string(), clientIP: string(),
    location: {
      country: string(), region: string(), city: string(), continent: string(), timezone: string(),
      latitude: string(), longitude: string(), asn: string(), asOrg: string(), colo: string(),
    },
    headers: [],
    body: new Uint8Array(0),
  }
  const headers: [string, string][] = []
  const count = view.getUint32(at, true)
  at += 4
  for (let i = 0; i < count; i++) headers.push([string(), string()])
  input.headers = headers
  input.body = bytes()
  return input
}
