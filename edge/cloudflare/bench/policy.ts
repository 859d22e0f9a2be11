// A policy of ten rules, as settings of the collector and written out by hand in
// JavaScript, which has no rules to look up: the fastest that it can be there.

import { createHmac } from "node:crypto"

const secret = Buffer.from("the key of the benchmark's hashes")

export const settings = {
  privacy: {
    key: { id: "k1", secret: secret.toString("base64") },
    rules: [
      { name: "visitors", fields: ["domain_userid"], do: { action: "hash" } },
      { name: "sessions", fields: ["domain_sessionid"], do: { action: "hash" } },
      { name: "titles", fields: ["page_title"], do: { action: "mask", keepStart: 5 } },
      { name: "links", fields: ["page_url"], do: { action: "scrub", parameters: ["utm_source", "email"] } },
      { name: "referrers", fields: ["page_referrer"], do: { action: "generalise", to: "origin" } },
      { name: "agents", fields: ["useragent"], do: { action: "generalise", to: "family" } },
      { name: "places", fields: ["os_timezone"], do: { action: "drop" } },
      { name: "times", fields: ["dvce_created_tstamp"], do: { action: "truncate", unit: "minute" } },
      { name: "goods", schemas: ["iglu:com.example/*"], fields: ["sku"], do: { action: "mask", keepStart: 4 } },
      { name: "pages", schemas: ["iglu:com.snowplowanalytics.snowplow/web_page/*"], fields: ["id"], do: { action: "hash" } },
    ],
  },
}

export interface Receipt {
  rule: string
  field: string
  action: string
}

interface Payload {
  schema: string
  data: Record<string, unknown>
}

const hash = (value: string) => createHmac("sha256", secret).update(value).digest("hex")

function mask(value: string, keep: number): string {
  const characters = [...value]
  if (characters.length <= keep) return "*".repeat(characters.length)
  return characters.slice(0, keep).join("") + "*".repeat(characters.length - keep)
}

function scrub(url: string): string {
  const mark = url.indexOf("?")
  if (mark < 0) return url
  const kept = url.slice(mark + 1).split("&").filter((pair) => {
    const name = decodeURIComponent(pair.split("=", 1)[0]!).toLowerCase()
    return name !== "utm_source" && name !== "email"
  })
  return url.slice(0, mark) + (kept.length > 0 ? `?${kept.join("&")}` : "")
}

// family reduces a user agent to browser and major version.
export function family(agent: string, receipts: Receipt[]): string {
  const found = /(?:Edg|OPR|Firefox|Chrome)\/(\d+)/.exec(agent)
  if (!found) return agent.split("/", 1)[0]!
  receipts.push({ rule: "agents", field: "useragent", action: "generalise" })
  return `${found[0].split("/", 1)[0]} ${found[1]}`
}

// redactEvent applies the rules for columns to a tracker's parameters.
export function redactEvent(event: Record<string, string>, receipts: Receipt[]): void {
  const change = (name: string, rule: string, field: string, action: string, to: (value: string) => string) => {
    const before = event[name]
    if (before === undefined) return
    const after = to(before)
    if (after === before) return
    event[name] = after
    receipts.push({ rule, field, action })
  }
  change("duid", "visitors", "domain_userid", "hash:k1", hash)
  change("sid", "sessions", "domain_sessionid", "hash:k1", hash)
  change("page", "titles", "page_title", "mask", (value) => mask(value, 5))
  change("url", "links", "page_url", "scrub", scrub)
  change("refr", "referrers", "page_referrer", "generalise", (value) => new URL(value).origin)
  if (event.tz !== undefined) {
    delete event.tz
    receipts.push({ rule: "places", field: "os_timezone", action: "drop" })
  }
  change("dtm", "times", "dvce_created_tstamp", "truncate", (value) => String(Number(value) - (Number(value) % 60_000)))
}

// redactPayload applies the rules for data.
export function redactPayload({ schema, data }: Payload, field: string, receipts: Receipt[]): void {
  if (schema.startsWith("iglu:com.example/") && typeof data.sku === "string") {
    data.sku = mask(data.sku, 4)
    receipts.push({ rule: "goods", field: `${field}.sku`, action: "mask" })
  }
  if (schema.startsWith("iglu:com.snowplowanalytics.snowplow/web_page/") && typeof data.id === "string") {
    data.id = hash(data.id)
    receipts.push({ rule: "pages", field: `${field}.id`, action: "hash:k1" })
  }
}

// fingerprint is that of an event that was changed.
export const fingerprint = (plain: string) => hash(plain).slice(0, 32)
