// Bundle and salts from the hosts, fetched beside requests: what an isolate has
// serves until there is something else. A bundle in a KV namespace goes before
// the hosts'.

import type { Forwarder } from "./forward"
import type { Module } from "./module"
import { readBody } from "./request"

// When hosts are asked again, in milliseconds, about: a fifth more or less keeps
// isolates from asking all at once. Sooner after none has answered.
const EVERY = 5 * 60_000
const AGAIN = 30_000

const PATIENCE = 2000 // milliseconds that a host may take

const KEPT = 60 // seconds that a point of presence may keep what it read of a KV namespace, the least there is

// Offer is something that hosts hold for edges.
interface Offer {
  name: "bundle" | "salts"
  limit: number // bytes
  take(content: Uint8Array): void // throws what is wrong with it
  due: number
  etag: string | undefined // of what was last taken or refused
}

// Refresher keeps a module's bundle and salts as its hosts have them.
export class Refresher {
  readonly #offers: Offer[]

  // Salts are asked for only where ids of the day need them.
  constructor(readonly forwarder: Forwarder, module: Module, salts: boolean, readonly schemas?: KVNamespace) {
    this.#offers = [{ name: "bundle", limit: 16 << 20, take: (content) => module.offer(content), due: 0, etag: undefined }]
    if (salts) this.#offers.push({ name: "salts", limit: 64 << 10, take: (content) => module.salt(content), due: 0, etag: undefined })
  }

  // unsalted says that ids of the day cannot be made yet.
  get unsalted(): boolean {
    return this.#offers.some((offer) => offer.name === "salts" && offer.etag === undefined)
  }

  // refresh asks for what is due, or for everything. It never throws: the last
  // good stays.
  async refresh(everything = false): Promise<void> {
    const now = Date.now()
    await Promise.all(this.#offers.filter((offer) => everything || offer.due <= now).map((offer) => this.#refresh(offer)))
  }

  async #refresh(offer: Offer): Promise<void> {
    const jitter = 0.8 + 0.4 * Math.random()
    offer.due = Date.now() + AGAIN * jitter
    if (offer.name === "bundle" && await this.#read(offer)) {
      offer.due = Date.now() + EVERY * jitter
      return
    }
    const { awake, resting } = this.forwarder.hosts()
    for (const url of [...awake, ...resting]) {
      try {
        const answered = await this.#ask(url, offer)
        if (answered) {
          offer.due = Date.now() + EVERY * jitter
          return
        }
      } catch (error) {
        console.warn(`weir: host ${new URL(url).host} offers no ${offer.name}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  // read reports whether the KV namespace, if there is one, holds what is offered.
  async #read(offer: Offer): Promise<boolean> {
    try {
      const content = await this.schemas?.get(offer.name, { type: "arrayBuffer", cacheTtl: KEPT })
      if (!content) return false
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", content))
      this.#take(offer, new Uint8Array(content), `kv-${btoa(String.fromCharCode(...sum))}`, "the KV namespace")
      return true
    } catch (error) {
      console.warn(`weir: the KV namespace offers no ${offer.name}: ${error instanceof Error ? error.message : error}`)
      return false
    }
  }

  // ask reports whether a host has answered for good.
  async #ask(url: string, offer: Offer): Promise<boolean> {
    const id = offer.name + "_" + crypto.randomUUID().replaceAll("-", "")
    const { headers } = await this.forwarder.sign(id, new Uint8Array(0))
    if (offer.etag !== undefined) headers["if-none-match"] = offer.etag
    const response = await fetch(new URL("edge/" + offer.name, url), {
      headers, redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
    })
    if (response.status !== 200) {
      void response.body?.cancel()
      // 404: a host without schemas of its own.
      if (response.status === 304 || response.status === 404) return true
      throw new Error(`it answered ${response.status}`)
    }
    const { bytes, whole } = await readBody(response, offer.limit)
    if (!whole) throw new Error(`it exceeds ${offer.limit} bytes`)
    const etag = response.headers.get("etag")
    if (!etag) throw new Error("it has no ETag")
    this.#take(offer, bytes, etag, `host ${new URL(url).host}`)
    return true
  }

  // take hands over what differs from what was taken or refused before.
  #take(offer: Offer, content: Uint8Array, etag: string, from: string): void {
    if (offer.etag === etag) return
    try {
      offer.take(content)
    } catch (error) {
      console.error(`weir: the ${offer.name} of ${from} is refused, what there was stays: ${error instanceof Error ? error.message : error}`)
    }
    offer.etag = etag
  }
}
