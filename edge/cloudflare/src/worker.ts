// The Worker: reads a request, lets the module handle it, delivers the batch
// and answers.

import bundle from "../build/default.bundle"
import compiled from "../build/edge.wasm"
import { Forwarder } from "./forward"
import { AckFast, type Answer, type Input, type Outcome } from "./frame"
import { Module } from "./module"
import { readInput } from "./request"

export interface Env {
  WEIR_HOST: string
  WEIR_SECRET: string
  WEIR_SETTINGS?: string // JSON; the collector's defaults when absent
}

// Edge holds what outlives a request. It is made within the first one, since
// no random numbers are to be had before.
interface Edge {
  module: Module
  forwarder: Forwarder
}

let edge: Edge | undefined

export default {
  async fetch(request, env, ctx): Promise<Response> {
    let input: Input
    try {
      input = await readInput(request)
    } catch {
      // The body broke off: half of one is no event, and the tracker keeps what it has.
      return unavailable(request, 408)
    }
    let outcome: Outcome
    try {
      edge ??= open(env)
      outcome = edge.module.collect(input)
    } catch (error) {
      console.error(`weir: ${error instanceof Error ? error.message : error}`)
      return unavailable(request, 503)
    }
    if (outcome.batch.length === 0) return answer(outcome.response)
    const delivery = edge.forwarder.forward(outcome.batchID, outcome.batch)
    if (outcome.ack === AckFast) {
      ctx.waitUntil(delivery)
      return answer(outcome.response)
    }
    return answer((await delivery) ? outcome.response : outcome.refusal)
  },
} satisfies ExportedHandler<Env>

function open(env: Env): Edge {
  const settings = new TextEncoder().encode(env.WEIR_SETTINGS ?? "")
  return {
    module: new Module(compiled, settings, new Uint8Array(bundle)),
    forwarder: new Forwarder(env.WEIR_HOST, env.WEIR_SECRET),
  }
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
