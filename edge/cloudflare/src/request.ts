// From the platform's Request to the collector's input.

import type { Bot, Input, Location } from "./frame"

// readInput reads a request and at most maxBody bytes of its body.
export async function readInput(request: Request, maxBody: number): Promise<Input> {
  const { bytes, whole } = await readBody(request, maxBody)
  const { path, query } = splitURL(request.url)
  return {
    method: request.method,
    path,
    query,
    host: request.headers.get("host") ?? "",
    // The platform sets this header; what a client sends under its name is overwritten.
    clientIP: request.headers.get("cf-connecting-ip") ?? "",
    secure: request.url.startsWith("https:"),
    headers: request.headers,
    body: bytes,
    bodyTooLarge: !whole,
    trapped: false,
    now: Date.now(),
    entropy: crypto.getRandomValues(new Uint8Array(32)),
    location: locate(request.cf),
    bot: judge(request.cf),
  }
}

// readBody reads at most `limit` bytes of a body, and says whether that is all of it.
export async function readBody(message: Request | Response, limit: number): Promise<{ bytes: Uint8Array; whole: boolean }> {
  if (!message.body) return { bytes: new Uint8Array(0), whole: true }
  const declared = Number(message.headers.get("content-length") ?? NaN)
  if (declared <= limit) return { bytes: new Uint8Array(await message.arrayBuffer()), whole: true }

  const chunks: Uint8Array[] = []
  let length = 0
  const reader = message.body.getReader()
  while (length <= limit) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.length
  }
  const whole = length <= limit
  if (!whole) void reader.cancel()
  const bytes = new Uint8Array(Math.min(length, limit))
  let at = 0
  for (const chunk of chunks) {
    const part = chunk.subarray(0, bytes.length - at)
    bytes.set(part, at)
    at += part.length
  }
  return { bytes, whole }
}

// splitURL cuts path and query out of the URL as it was sent: parsing it would
// also rewrite it.
export function splitURL(url: string): { path: string; query: string } {
  const authority = url.indexOf("//") + 2
  const slash = url.indexOf("/", authority)
  const mark = url.indexOf("?", authority)
  const hash = url.indexOf("#", authority)
  const end = hash < 0 ? url.length : hash
  const cut = mark < 0 || mark > end ? end : mark
  return {
    path: slash < 0 || slash > cut ? "/" : url.slice(slash, cut),
    query: cut < end ? url.slice(cut + 1, end) : "",
  }
}

function locate(cf: CfProperties | undefined): Location {
  const at = (cf ?? {}) as Partial<IncomingRequestCfProperties>
  return {
    // T1 stands for Tor and XX for unknown: neither is a country.
    country: at.country === "T1" || (at.country as string) === "XX" ? "" : at.country ?? "",
    region: at.regionCode ?? "",
    city: at.city ?? "",
    continent: at.continent ?? "",
    timezone: at.timezone ?? "",
    latitude: at.latitude ?? "",
    longitude: at.longitude ?? "",
    asn: at.asn === undefined ? "" : String(at.asn),
    asOrg: at.asOrganization ?? "",
    colo: at.colo ?? "",
  }
}

// judge reads the score that Cloudflare gives to subscribers of Bot Management.
function judge(cf: CfProperties | undefined): Bot {
  const { score, verifiedBot } = ((cf ?? {}) as Partial<IncomingRequestCfProperties>).botManagement ?? {}
  return { score: score !== undefined && score >= 1 && score <= 99 ? Math.trunc(score) : 0, verified: verifiedBot === true }
}
