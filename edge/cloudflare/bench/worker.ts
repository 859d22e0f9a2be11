// The plain-JavaScript collector as a Worker: what weir's Worker does, short of
// cookies, limits, fingerprints, ids that are kept and receipts worth the name.

// @ts-expect-error: written by prepare.ts
import validators from "../build/validators/index.cjs"
import { Collector } from "./collect"

interface Env {
  WEIR_HOST: string
  WEIR_SECRET: string
}

const collector = new Collector(validators)
let key: CryptoKey | undefined

export default {
  async fetch(request, env): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer())
    const batch = collector.collect(body, request.headers.get("cf-connecting-ip") ?? "", request.headers.get("user-agent") ?? "")
    const text = new TextDecoder().decode(batch)
    const { id } = JSON.parse(text.slice(0, text.indexOf("\n")))
    const timestamp = String(Math.floor(Date.now() / 1000))
    key ??= await importKey(env.WEIR_SECRET)
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${timestamp}.${text}`)))
    const taken = await fetch(`${env.WEIR_HOST}/v1/batches`, {
      method: "POST",
      headers: {
        "content-type": "application/x-ndjson", "webhook-id": id, "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${btoa(String.fromCharCode(...mac))}`,
      },
      body: batch,
    })
    const receipt = (await taken.json()) as { batch?: string }
    const origin = request.headers.get("origin")
    const headers = { "access-control-allow-origin": origin ?? "*", "access-control-allow-credentials": "true" }
    return taken.ok && receipt.batch === id ? new Response("ok", { headers }) : new Response(null, { status: 503, headers })
  },
} satisfies ExportedHandler<Env>

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = Uint8Array.from(atob(secret.slice("whsec_".length)), (c) => c.charCodeAt(0))
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
}
