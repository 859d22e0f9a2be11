// The Worker: reads a request, lets the module handle it, delivers the batch
// and answers.

import bundle from "../build/default.bundle"
import compiled from "../build/edge.wasm"
import { Forwarder } from "./forward"
import { Ack, type Answer } from "./frame"
import { report } from "./health"
import { Ladder } from "./ladder"
import { Module } from "./module"
import { consume, Spill } from "./queue"
import { Refresher } from "./refresh"
import { readInput } from "./request"

export interface Env {
  WEIR_HOST: string
  WEIR_SECRET: string
  WEIR_SETTINGS?: string // JSON; the collector's defaults when absent
  WEIR_QUEUE?: Queue // takes batches that no host takes
  WEIR_SCHEMAS?: KVNamespace // holds compiled schemas under the key bundle
}

// What outlives a request is made within the first one, since no random numbers
// are to be had before.
let edge: Edge | undefined
let ladder: Ladder | undefined

// The collector's default for limits.body, in bytes.
const MAX_BODY = 1 << 20

// How long the first requests of an isolate wait for salts, in milliseconds:
// without them the ids of their visitors are dropped.
const SALTS_PATIENCE = 500

interface Edge {
  module: Module
  maxBody: number
  refresher: Refresher
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    try {
      ladder ??= connect(env)
      edge ??= open(env, ladder)
      const { refresher } = edge
      const fresh = refresher.refresh()
      ctx.waitUntil(fresh)
      if (refresher.unsalted) await Promise.race([fresh, scheduler.wait(SALTS_PATIENCE)])
      const input = await readInput(request, edge.maxBody).catch(() => undefined)
      // The body broke off: half of one is no event, and the tracker keeps what it has.
      if (!input) return unavailable(request, 408)
      const outcome = edge.module.collect(input)
      if (outcome.batch.length === 0) return answer(outcome.response)
      if (outcome.ack === Ack.Fast) {
        ctx.waitUntil(ladder.linger(outcome.batchID, outcome.batch))
        return answer(outcome.response)
      }
      const delivery = ladder.deliver(outcome.batchID, outcome.batch, outcome.ack)
      // A tracker that hangs up does not take back what it sent.
      ctx.waitUntil(delivery)
      if (await delivery) return answer(outcome.response)
      console.error(`weir: batch ${outcome.batchID} is refused: nobody takes it`)
      return answer(outcome.refusal)
    } catch (error) {
      console.error(`weir: ${error instanceof Error ? error.message : error}`)
      return unavailable(request, 503)
    }
  },

  // What it throws makes all messages come again.
  async queue(messages, env): Promise<void> {
    ladder ??= connect(env)
    await consume(messages, ladder.forwarder)
  },

  async scheduled(_, env): Promise<void> {
    ladder ??= connect(env)
    await report(ladder)
    edge ??= open(env, ladder)
    await edge.refresher.refresh(true)
  },
} satisfies ExportedHandler<Env>

function open(env: Env, { forwarder }: Ladder): Edge {
  const text = env.WEIR_SETTINGS ?? ""
  const module = new Module(compiled, new TextEncoder().encode(text), new Uint8Array(bundle))
  // The module knows best what is wrong with settings, so it reads them first.
  module.start()
  const settings = JSON.parse(text.trim() || "{}") as { limits?: { body?: number }; visitor?: { mode?: string } }
  return {
    module,
    maxBody: settings.limits?.body ?? MAX_BODY,
    refresher: new Refresher(forwarder, module, settings.visitor?.mode === "daily", env.WEIR_SCHEMAS),
  }
}

function connect(env: Env): Ladder {
  return new Ladder(new Forwarder(env.WEIR_HOST, env.WEIR_SECRET), env.WEIR_QUEUE && new Spill(env.WEIR_QUEUE))
}

function answer({ status, headers, body }: Answer): Response {
  const fields = new Headers()
  for (const [name, value] of headers) fields.append(name, value)
  // These statuses have no body, not even an empty one.
  const bodiless = status === 204 || status === 205 || status === 304
  return new Response(bodiless ? null : body, { status, headers: fields })
}

// unavailable answers a request that the collector never saw. Without the CORS
// headers a browser would report a network error in place of the status.
function unavailable(request: Request, status: number): Response {
  const origin = request.headers.get("origin")
  const headers = new Headers({ "retry-after": "5", "access-control-allow-origin": "*" })
  if (origin && origin !== "null") {
    headers.set("access-control-allow-origin", origin)
    headers.set("access-control-allow-credentials", "true")
    headers.set("vary", "Origin")
  }
  return new Response(null, { status, headers })
}
