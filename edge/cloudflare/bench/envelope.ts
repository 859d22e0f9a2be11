// A plain-JavaScript collector's second half: the batch that the edge module
// writes, made the way one would in JavaScript. It leaves out what the module
// does besides (cookies, limits, cleaning of text, receipts worth the name).

export type Parameters = Record<string, string>

// Fingerprint hashes what an event holds; its way differs between Node and Workers.
export type Fingerprint = (event: Parameters) => string

const text = (column: string) => (to: Row, value: string) => void (to[column] = value)
const integer = (column: string) => (to: Row, value: string) => void (to[column] = Number(value))
const flag = (column: string) => (to: Row, value: string) => void (to[column] = value === "1")
const time = (column: string) => (to: Row, value: string) => void (to[column] = new Date(Number(value)).toISOString())
const size = (width: string, height: string) => (to: Row, value: string) => {
  const [w, h] = value.split("x")
  to[width] = Number(w)
  to[height] = Number(h)
}

interface Row {
  [column: string]: unknown
}

const columns: Record<string, (to: Row, value: string) => void> = {
  aid: text("app_id"), p: text("platform"), dtm: time("dvce_created_tstamp"), stm: time("dvce_sent_tstamp"), eid: text("event_id"),
  tna: text("name_tracker"), tv: text("v_tracker"), duid: text("domain_userid"), vid: integer("domain_sessionidx"), sid: text("domain_sessionid"),
  url: text("page_url"), page: text("page_title"), refr: text("page_referrer"), lang: text("br_lang"), cookie: flag("br_cookies"),
  cd: text("br_colordepth"), vp: size("br_viewwidth", "br_viewheight"), tz: text("os_timezone"), cs: text("doc_charset"),
  res: size("dvce_screenwidth", "dvce_screenheight"), ds: size("doc_width", "doc_height"),
  se_ca: text("se_category"), se_ac: text("se_action"), se_la: text("se_label"), se_va: integer("se_value"),
}

const names: Record<string, string> = { pv: "page_view", pp: "page_ping", se: "struct", ue: "unstruct" }

// row makes the envelope of an event whose self-describing parts are parsed already.
export function row(event: Parameters, unstruct: unknown, contexts: unknown, address: string, useragent: string, fingerprint?: Fingerprint): Row {
  const now = new Date()
  const to: Row = { collector_tstamp: now.toISOString(), event: names[event.e!], user_ipaddress: address.replace(/\d+$/, "0"), network_userid: crypto.randomUUID(), useragent }
  for (const name in event) columns[name]?.(to, event[name]!)
  if (event.url) url(to, "page", event.url)
  if (event.refr) url(to, "refr", event.refr)
  if (unstruct) to.unstruct_event = unstruct
  if (contexts) to.contexts = contexts
  to.derived_tstamp = new Date(now.getTime() - (Number(event.stm) - Number(event.dtm))).toISOString()
  if (fingerprint) to.event_fingerprint = fingerprint(event)
  to.weir = { version: 1, protocol: "snowplow", verdict: "good" }
  return to
}

function url(to: Row, prefix: string, value: string): void {
  const at = new URL(value)
  to[`${prefix}_urlscheme`] = at.protocol.slice(0, -1)
  to[`${prefix}_urlhost`] = at.hostname
  to[`${prefix}_urlport`] = at.port === "" ? 443 : Number(at.port)
  to[`${prefix}_urlpath`] = at.pathname
  to[`${prefix}_urlquery`] = at.search.slice(1)
}
