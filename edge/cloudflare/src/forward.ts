// Delivery of a signed batch to the first host that takes it, with the same
// ladder as edge/forward.

// How long one host may take, and all of them together, in milliseconds. A
// tracker gives up after five seconds.
const TRY_TIMEOUT = 2000
const DEADLINE = 4000

// Forwarder signs and delivers. Its constructor throws when host list or
// secret are missing or malformed, and says which.
export class Forwarder {
  readonly #urls: string[]
  readonly #secret: Uint8Array
  #key: CryptoKey | undefined

  constructor(hosts: string | undefined, secret: string | undefined) {
    this.#urls = parseHosts(hosts ?? "")
    this.#secret = parseSecret(secret ?? "")
  }

  // forward reports whether a host has confirmed that it holds the batch.
  async forward(id: string, batch: Uint8Array): Promise<boolean> {
    const began = Date.now()
    const timestamp = String(Math.floor(began / 1000))
    const headers = {
      "content-type": "application/x-ndjson",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": await this.#sign(id, timestamp, batch),
    }
    for (const url of this.#urls) {
      const left = DEADLINE - (Date.now() - began)
      if (left <= 0) break
      const refusal = await post(url, headers, batch, id, Math.min(left, TRY_TIMEOUT))
      if (refusal === undefined) return true
      console.warn(`weir: host ${new URL(url).host} did not take batch ${id}: ${refusal}`)
    }
    return false
  }

  // sign follows Standard Webhooks: HMAC-SHA256 over id.timestamp.body.
  async #sign(id: string, timestamp: string, batch: Uint8Array): Promise<string> {
    // The key is kept once it is there: a promise belongs to the request that made it.
    this.#key ??= await crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    const head = new TextEncoder().encode(`${id}.${timestamp}.`)
    const signed = new Uint8Array(head.length + batch.length)
    signed.set(head)
    signed.set(batch, head.length)
    const mac = await crypto.subtle.sign("HMAC", this.#key, signed)
    return "v1," + btoa(String.fromCharCode(...new Uint8Array(mac)))
  }
}

// post returns undefined once the host has confirmed the batch by its id, and
// else why it has not.
async function post(url: string, headers: Record<string, string>, batch: Uint8Array, id: string, timeout: number): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST", headers, body: batch,
      redirect: "manual", // a host never redirects; following would take a signed batch elsewhere
      signal: AbortSignal.timeout(timeout),
    })
    if (response.status !== 200) {
      void response.body?.cancel()
      return `it answered ${response.status}`
    }
    // Anything can answer 200: only a host knows which batch it took.
    const receipt = await response.json<{ batch?: unknown }>()
    return receipt.batch === id ? undefined : "it answered 200 without naming the batch: is this a weir host?"
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function parseHosts(list: string): string[] {
  const hosts = list.split(",").map((host) => host.trim()).filter((host) => host !== "")
  if (hosts.length === 0) throw new Error("WEIR_HOST is not set: give the base URL of a host, or several separated by commas, under [vars] in wrangler.toml")
  return hosts.map((host, i) => {
    const url = URL.canParse(host) ? new URL(host) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
      throw new Error(`WEIR_HOST: number ${i + 1} of ${hosts.length} is not a base URL such as https://host.example`)
    }
    return host.replace(/\/$/, "") + "/v1/batches"
  })
}

function parseSecret(secret: string): Uint8Array {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim())
  if (!match) throw new Error("WEIR_SECRET is not set to a secret of the form whsec_…: run `wrangler secret put WEIR_SECRET`")
  const bytes = Uint8Array.from(atob(match[1]!), (c) => c.charCodeAt(0))
  if (bytes.length < 24 || bytes.length > 64) throw new Error(`WEIR_SECRET holds ${bytes.length} bytes; 24 to 64 are needed`)
  return bytes
}
