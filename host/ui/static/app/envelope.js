// What a reader wants to know of an envelope (see weir/edge/envelope).

import { isLeaf, scalar } from "./json.js";

const names = { unstruct: "self-describing", struct: "structured event", page_view: "page_view", page_ping: "page_ping" };

// verdict is good, failed or unresolved.
export const verdict = (e) => e.weir?.verdict ?? "good";

export const violations = (e) => e.weir?.violations ?? [];

export const receipts = (e) => e.weir?.receipts ?? [];

export const entities = (e) => (Array.isArray(e.contexts) ? e.contexts : []);

// key names an event across reconnects: its place in its batch.
export const key = (e) => (e.weir?.batch ? `${e.weir.batch}:${e.weir.index ?? 0}` : e.event_id ?? JSON.stringify(e));

export const collected = (e) => new Date(e.collector_tstamp ?? NaN);

// schemaKey splits iglu:vendor/name/format/version.
export function schemaKey(uri) {
  const [vendor = "", name = "", , version = ""] = String(uri ?? "").replace(/^iglu:/, "").split("/");
  return { vendor, name, version };
}

// title is the event's own name and, for self-describing events, its version.
export function title(e) {
  if (e.unstruct_event?.schema) {
    const { name, version } = schemaKey(e.unstruct_event.schema);
    return { name: name || e.unstruct_event.schema, version };
  }
  const name = e.event === "struct" ? "struct" : e.event_name ?? names[e.event] ?? e.event;
  return { name: name ?? "unreadable payload", version: "" };
}

// schemaOf is the schema key that classifies the event.
export function schemaOf(e) {
  if (e.unstruct_event?.schema) return e.unstruct_event.schema;
  if (e.event_vendor && e.event_name) return `iglu:${e.event_vendor}/${e.event_name}/${e.event_format ?? "jsonschema"}/${e.event_version ?? "1-0-0"}`;
  return "";
}

// summary is one line of plain words: for a failed event why, else what.
export function summary(e) {
  if (e.unstruct_event) return leaves(e.unstruct_event.data, 5).map(([k, v]) => `${k} ${v}`).join(" · ");
  switch (e.event) {
    case "struct":
      return [e.se_category, e.se_action, e.se_label, e.se_property, e.se_value].filter((v) => v !== undefined).map(scalar).join(" · ");
    case "page_ping":
      return [page(e), e.pp_yoffset_max !== undefined ? `scrolled to ${scalar(e.pp_yoffset_max)} px` : ""].filter(Boolean).join(" · ");
    case "transaction":
      return [e.tr_orderid, e.tr_total, e.tr_currency].filter((v) => v !== undefined).map(scalar).join(" · ");
    default:
      return [e.page_title, page(e)].filter(Boolean).join(" · ") || e.weir?.payload || "";
  }
}

function page(e) {
  if (!e.page_url) return "";
  try {
    const url = new URL(e.page_url);
    return url.host + url.pathname;
  } catch {
    return e.page_url;
  }
}

// leaves lists the first scalar members of a payload, depth first.
function leaves(data, limit) {
  const found = [];
  const walk = (value, name) => {
    if (found.length >= limit) return;
    if (isLeaf(value)) found.push([name, scalar(value)]);
    else for (const [k, v] of Object.entries(value)) walk(v, Array.isArray(value) ? name : k);
  };
  if (!isLeaf(data)) walk(data, "");
  else if (data !== undefined) found.push(["data", scalar(data)]);
  return found;
}
