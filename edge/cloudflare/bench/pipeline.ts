// Measures the whole pipeline of the edge module in V8 beside plain JavaScript
// that does the same: decode, a policy of ten rules, validation of a
// self-describing event and its two entities (Ajv standalone), the batch. One
// process, alternating rounds. What both write is compared first.

import { randomUUID } from "node:crypto"
import type { Input } from "../src/frame"
import { Module } from "../src/module"
import { row } from "./envelope"
import { Plain } from "./plain"
import { family, fingerprint, redactEvent, redactPayload, settings, type Receipt } from "./policy"
import { alternate, built, median, root, ROUNDS } from "./rounds"
import { address, bodies, request, userAgent, VARIANTS } from "./traffic"

const WANTED = 2.5

const module = new Module(new WebAssembly.Module(built("edge.wasm")), new TextEncoder().encode(JSON.stringify(settings)), built("default.bundle"))
const plain = new Plain(`${root}schemas`)

interface Payload {
  schema: string
  data: Record<string, unknown>
}

// inJavaScript is the pipeline in plain JavaScript.
function inJavaScript(body: Uint8Array): Uint8Array {
  const lines: string[] = []
  const faults = plain.judge(body, (event, unstruct, contexts) => {
    const receipts: Receipt[] = [{ rule: "ip-prefix", field: "user_ipaddress", action: "truncate" }]
    redactEvent(event, receipts)
    const agent = family(userAgent, receipts)
    if (unstruct) redactPayload(unstruct as Payload, "unstruct_event", receipts)
    for (const entity of contexts as Payload[]) redactPayload(entity, "contexts", receipts)
    const to = row(event, unstruct, contexts, address, agent, plain.fingerprint)
    to.event_fingerprint = fingerprint(to.event_fingerprint as string)
    to.weir = { version: 1, protocol: "snowplow", verdict: "good", receipts }
    lines.push(JSON.stringify(to))
  })
  lines.unshift(JSON.stringify({ weir_batch: 1, id: randomUUID(), events: lines.length, failed: faults }))
  return new TextEncoder().encode(lines.join("\n") + "\n")
}

// check throws unless both make the same of what the rules are for.
function check(input: Input): void {
  const parse = (batch: Uint8Array) => new TextDecoder().decode(batch).trimEnd().split("\n").map((line) => JSON.parse(line))
  const [header, ...ours] = parse(module.collect(input).batch)
  const [, ...theirs] = parse(inJavaScript(input.body))
  if (header.failed !== 0 || ours.length !== theirs.length) throw new Error(`the module found ${header.failed} of ${header.events} events failed; all should be good`)
  for (const [i, our] of ours.entries()) {
    for (const name of ["domain_userid", "domain_sessionid", "page_title", "page_url", "page_urlquery", "page_referrer", "refr_urlhost", "useragent",
      "os_timezone", "dvce_created_tstamp", "user_ipaddress", "unstruct_event", "contexts"]) {
      const [a, b] = [JSON.stringify(our[name]), JSON.stringify(theirs[i][name])]
      if (a !== b) throw new Error(`${name}: the module writes ${a}, plain JavaScript ${b}`)
    }
    for (const { name } of settings.privacy.rules) {
      const count = (of: { weir: { receipts: Receipt[] } }) => new Set(of.weir.receipts.filter(({ rule }) => rule === name).map(({ field }) => field)).size
      if (count(our) !== count(theirs[i])) throw new Error(`${name}: the module leaves ${count(our)} receipts, plain JavaScript ${count(theirs[i])}`)
    }
  }
}

function compare(events: number): void {
  // Of the four kinds of events those that describe themselves.
  const traffic = bodies(4 * events).map((body) => {
    const payload = JSON.parse(new TextDecoder().decode(body))
    payload.data = payload.data.filter((event: { e: string }) => event.e === "ue").slice(0, events)
    return new TextEncoder().encode(JSON.stringify(payload))
  })
  const inputs = traffic.map(request)
  inputs.forEach(check)
  const sides: (() => unknown)[][] = [inputs.map((input) => () => module.collect(input)), traffic.map((body) => () => inJavaScript(body))]
  const times = alternate(sides, Math.ceil(60 / events))
  const bytes = traffic.reduce((sum, body) => sum + body.length, 0) / VARIANTS
  console.log(`\n${events} event${events === 1 ? "" : "s"} in ${(bytes / 1000).toFixed(1)} KB          a request    an event    a KB`)
  for (const [i, name] of ["edge module", "plain JavaScript"].entries()) {
    const at = median(times[i]!) / 1000
    console.log(`  ${name.padEnd(22)}${at.toFixed(1).padStart(8)} µs ${(at / events).toFixed(1).padStart(8)} µs ${((at * 1000) / bytes).toFixed(1).padStart(7)} µs`)
  }
  // Of neighbours in the same round, so that a busy machine slows both.
  const ratio = median(times[1]!.map((t, round) => t / times[0]![round]!))
  console.log(`  plain JavaScript takes ${ratio.toFixed(2)} times as long; wanted are ${WANTED}${ratio < WANTED ? ": MISSED" : ""}`)
}

console.log(`decode, ${settings.privacy.rules.length} rules, validate an event and two entities, write the batch: median of ${ROUNDS} rounds over ${VARIANTS} variants, Node ${process.version}`)
for (const events of [1, 10]) compare(events)
