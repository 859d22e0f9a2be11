// What a shop's pages send: POST bodies as @snowplow/browser-tracker builds
// them, 64 variants, so that no engine learns one by heart.

import { randomUUID } from "node:crypto"
import type { Input } from "../src/frame"

export const VARIANTS = 64
export const address = "192.0.2.81"
export const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36"

// request is a body as a browser sends it.
export function request(body: Uint8Array): Input {
  return {
    method: "POST", path: "/com.snowplowanalytics.snowplow/tp2", query: "", host: "edge.example.com", clientIP: address, secure: true,
    headers: [
      ["accept", "*/*"], ["accept-encoding", "gzip, br"], ["accept-language", "en-GB,en;q=0.9"],
      ["content-type", "application/json; charset=UTF-8"], ["origin", "https://shop.example.com"], ["referer", "https://shop.example.com/"],
      ["user-agent", userAgent],
    ],
    body, bodyTooLarge: false, trapped: false, bot: { score: 0, verified: false },
    now: 1763679805000, entropy: crypto.getRandomValues(new Uint8Array(32)),
    location: { country: "CH", region: "ZH", city: "Zurich", continent: "EU", timezone: "Europe/Zurich",
      latitude: "47.37", longitude: "8.54", asn: "64496", asOrg: "Example", colo: "ZRH" },
  }
}

const entity = (schema: string, data: object) => ({ schema: `iglu:${schema}`, data })

// bodies returns VARIANTS bodies of `events` events each.
export function bodies(events: number): Uint8Array[] {
  return Array.from({ length: VARIANTS }, (_, variant) => {
    const data = Array.from({ length: events }, (_, i) => event(variant * events + i))
    const body = { schema: "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", data }
    return new TextEncoder().encode(JSON.stringify(body))
  })
}

function event(n: number): Record<string, string> {
  const now = 1763679804123 + n * 997
  const sku = `TEA-${100 + n}`
  const page = {
    url: `https://shop.example.com/products/${sku.toLowerCase()}?utm_source=letter-${n % 7}&utm_medium=email`,
    page: `Green tea no. ${n} – Example shop`,
    refr: n % 3 === 0 ? "https://www.example.org/search?q=tea" : `https://shop.example.com/list/${n % 11}`,
  }
  const device = {
    tv: "js-4.10.1", tna: "shop", aid: "shop-web", p: "web", cookie: "1", cs: "UTF-8", lang: n % 2 ? "en-GB" : "de-CH",
    res: "1920x1080", cd: "24", tz: "Europe/Zurich", vp: `${1200 + n % 90}x720`, ds: `1280x${2000 + n}`,
    vid: String(1 + n % 9), sid: randomUUID(), duid: randomUUID(), dtm: String(now), stm: String(now + 35), eid: randomUUID(),
  }
  const co = JSON.stringify({
    schema: "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
    data: [
      entity("com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", { id: randomUUID() }),
      entity("com.example/product/jsonschema/1-0-0", {
        sku, name: `Green tea no. ${n}`, categories: ["food", "tea"], price: 7.9 + n, currency: "EUR", in_stock: n % 4 !== 0,
      }),
    ],
  })
  switch (n % 4) {
    case 0:
      return { e: "pv", ...page, ...device, co }
    case 1:
      return { e: "se", ...page, ...device, co, se_ca: "cart", se_ac: "open", se_la: sku, se_va: String(n) }
    case 2:
      return { e: "ue", ...page, ...device, co, ue_pr: selfDescribing("product_view", {
        sku, name: `Green tea no. ${n}`, price: 7.9 + n, currency: "EUR", list: "search",
      }) }
    default:
      return { e: "ue", ...page, ...device, co, ue_pr: selfDescribing("add_to_cart", {
        sku, quantity: 1 + n % 5, price: 7.9 + n, currency: "EUR",
      }) }
  }
}

function selfDescribing(name: string, data: object): string {
  return JSON.stringify({
    schema: "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
    data: entity(`com.example/${name}/jsonschema/1-0-0`, data),
  })
}
