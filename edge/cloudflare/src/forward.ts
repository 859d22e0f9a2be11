// The hosts: signs bodies of batches and posts them, as edge/forward does.

// How long a host is left alone that did not answer in time, in milliseconds:
// others are asked first, and the queue.
const REST = 5000

// Fate is what became of a body at one host, or at all of them.
export enum Fate {
  Taken, // a host has confirmed that it holds it
  Unwanted, // a host has read it and will never take it
  Kept, // nobody took it; later somebody may
}

// Signed is a body with the headers that say whose it is.
export interface Signed {
  id: string
  body: Uint8Array
  headers: Record<string, string>
}

// Forwarder signs and posts. Its constructor throws when host list or secret
// are missing or malformed, and says which.
export class Forwarder {
  readonly #urls: string[]
  readonly #secret: Uint8Array
  readonly #resting = new Map<string, number>() // by URL, until when
  #key: CryptoKey | undefined

  constructor(hosts: string | undefined, secret: string | undefined) {
    this.#urls = parseHosts(hosts ?? "")
    this.#secret = parseSecret(secret ?? "")
  }

  // bases are the hosts' base URLs, in order of preference.
  get bases(): string[] {
    return this.#urls.map((url) => url.slice(0, -PATH.length))
  }

  // sign makes the headers of a body whose first batch has this id, by
  // Standard Webhooks: HMAC-SHA256 over id.timestamp.body. A host takes them
  // for five minutes.
  async sign(id: string, body: Uint8Array): Promise<Signed> {
    const timestamp = String(Math.floor(Date.now() / 1000))
    // The key is kept once it is there: a promise belongs to the request that made it.
    this.#key ??= await crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    const head = new TextEncoder().encode(`${id}.${timestamp}.`)
    const text = new Uint8Array(head.length + body.length)
    text.set(head)
    text.set(body, head.length)
    const mac = await crypto.subtle.sign("HMAC", this.#key, text)
    return {
      id, body,
      headers: {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + btoa(String.fromCharCode(...new Uint8Array(mac))),
      },
    }
  }

  // hosts splits the list into those to ask and those that rest after not
  // answering in time, each in order of preference.
  hosts(): { awake: string[]; resting: string[] } {
    const now = Date.now()
    const rests = (url: string) => now < (this.#resting.get(url) ?? 0)
    return { awake: this.#urls.filter((url) => !rests(url)), resting: this.#urls.filter(rests) }
  }

  // post offers a body to one host after another, each for at most `patience`
  // milliseconds and all of them until `end`, until one takes it.
  async post(urls: string[], signed: Signed, patience: number, end: number): Promise<Fate> {
    let fate = Fate.Kept
    for (const url of urls) {
      const left = end - Date.now()
      if (left <= 0) break
      const answer = await post(url, signed, Math.min(left, patience))
      if (answer.fate === Fate.Taken) {
        this.#resting.delete(url)
        return Fate.Taken
      }
      if (answer.silent) this.#resting.set(url, Date.now() + REST)
      if (answer.fate === Fate.Unwanted) fate = Fate.Unwanted
      console.warn(`weir: host ${new URL(url).host} did not take batch ${signed.id}: ${answer.reason}`)
    }
    return fate
  }
}

interface Answer {
  fate: Fate
  reason?: string
  silent?: boolean
}

async function post(url: string, { id, headers, body }: Signed, timeout: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout)
  try {
    const response = await fetch(url, {
      method: "POST", headers: { ...headers, "content-type": "application/x-ndjson" }, body, signal,
      redirect: "manual", // a host never redirects; following would take a signed batch elsewhere
    })
    if (response.status !== 200) {
      void response.body?.cancel()
      const unwanted = response.status === 400 || response.status === 413
      const hint = response.status === 401 ? " (is WEIR_SECRET the host's? are the clocks right?)" : ""
      return { fate: unwanted ? Fate.Unwanted : Fate.Kept, reason: `it answered ${response.status}${hint}` }
    }
    // Anything can answer 200: only a host knows which batch it took.
    if (batchOf(await response.text()) === id) return { fate: Fate.Taken }
    return { fate: Fate.Kept, reason: "it answered 200 without naming the batch: is this a weir host?" }
  } catch (error) {
    return { fate: Fate.Kept, reason: error instanceof Error ? error.message : String(error), silent: signal.aborted }
  }
}

// batchOf returns the batch that a receipt names.
function batchOf(receipt: string): unknown {
  try {
    return (JSON.parse(receipt) as { batch?: unknown } | null)?.batch
  } catch {
    return undefined
  }
}

const PATH = "/v1/batches"

function parseHosts(list: string): string[] {
  const hosts = list.split(",").map((host) => host.trim()).filter((host) => host !== "")
  if (hosts.length === 0) throw new Error("WEIR_HOST is not set: give the base URL of a host, or several separated by commas, under [vars] in wrangler.toml")
  return hosts.map((host, i) => {
    const url = URL.canParse(host) ? new URL(host) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
      throw new Error(`WEIR_HOST: number ${i + 1} of ${hosts.length} is not a base URL such as https://host.example`)
    }
    return host.replace(/\/$/, "") + PATH
  })
}

function parseSecret(secret: string): Uint8Array {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim())
  if (!match) throw new Error("WEIR_SECRET is not set to a secret of the form whsec_…: run `wrangler secret put WEIR_SECRET`")
  const bytes = Uint8Array.from(atob(match[1]!), (c) => c.charCodeAt(0))
  if (bytes.length < 24 || bytes.length > 64) throw new Error(`WEIR_SECRET holds ${bytes.length} bytes; 24 to 64 are needed`)
  return bytes
}
