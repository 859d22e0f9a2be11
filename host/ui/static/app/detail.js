// One event, opened: why it failed, what privacy did, what it carries.

import { h, svg, copyButton } from "./dom.js";
import * as envelope from "./envelope.js";
import { isLeaf, pretty, scalar } from "./json.js";

// draw fills the panel with an item; onClose is called by its close button.
export function draw(panel, it, onClose) {
  const e = it.envelope;
  const { name } = envelope.title(e);
  panel.replaceChildren(
    h("header", {},
      h("div", { class: "title" },
        h("h2", { title: name }, name),
        h("span", { class: "badge", "data-verdict": envelope.verdict(e) }, envelope.verdict(e)),
        h("span", { class: "grow" }),
        h("button", { class: "icon", type: "button", "aria-label": "Close", title: "Close (Esc)", onclick: onClose },
          svg("svg", { viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" }, svg("path", { d: "m6 6 12 12M18 6 6 18" })))),
      h("code", { class: "key" }, envelope.schemaOf(e) || e.event_id || "no event could be read from this payload")),
    h("div", { class: "body", tabindex: "0" },
      deadLetter(it),
      violations(e),
      payload(e),
      entities(e),
      receipts(e),
      edge(e),
      rejected(e),
      columns(e),
      whole(e)));
  panel.hidden = false;
}

function section(title, count, ...children) {
  return h("section", {}, h("h3", {}, title, count > 1 && h("span", { class: "count" }, String(count))), ...children);
}

function pairs(object) {
  return h("dl", { class: "pairs" }, Object.entries(object).flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, isLeaf(v) ? scalar(v) : JSON.stringify(v))]));
}

function deadLetter(it) {
  if (!it.error) return null;
  return section("Dead letter", 1,
    h("div", { class: "violation violations" },
      h("div", { class: "where" }, h("code", {}, it.route ?? "sink"), h("span", { class: "keyword" }, `${it.attempts ?? "?"} attempts`)),
      h("p", {}, it.error),
      h("code", { class: "schema" }, [it.at && `given up ${it.at}`, it.retried && `retried ${it.retried}`].filter(Boolean).join(", "))));
}

function violations(e) {
  const list = envelope.violations(e);
  if (list.length === 0) return null;
  const more = e.weir.violations_more ?? 0;
  return section("Violations", list.length + more,
    h("div", { class: "violations" }, list.map((v) => h("div", { class: "violation" },
      h("div", { class: "where" }, h("code", {}, v.path || "/"), v.keyword && h("span", { class: "keyword" }, v.keyword)),
      h("p", {}, v.message ?? ""),
      // The event's own schema stands in the title; an entity's does not.
      v.schema && v.schema !== envelope.schemaOf(e) && h("code", { class: "schema" }, v.schema)))),
    more > 0 && h("p", { class: "note" }, `and ${more} more`));
}

function payload(e) {
  if (e.unstruct_event) return section("Data", 1, pretty(e.unstruct_event.data ?? null));
  if (e.weir?.payload !== undefined) return section("Payload as received", 1, h("pre", { class: "json" }, scalar(e.weir.payload)));
  return null;
}

function entities(e) {
  const list = envelope.entities(e);
  if (list.length === 0) return null;
  return section("Entities", list.length, list.map((entity, i) => {
    const { vendor, name, version } = envelope.schemaKey(entity?.schema);
    return h("details", { class: "card", open: i < 3 },
      h("summary", {}, h("b", {}, name || "entity"), h("code", {}, [vendor, version].filter(Boolean).join(" "))),
      pretty(entity?.data ?? entity));
  }));
}

function receipts(e) {
  const list = envelope.receipts(e);
  if (list.length === 0) return null;
  return section("Privacy receipts", list.length,
    h("ul", { class: "receipts" }, list.map((r) =>
      h("li", {}, h("code", {}, r.field ?? ""), h("span", { class: "rule" }, r.rule ?? ""), h("span", { class: "action" }, r.action ?? "")))));
}

function edge(e) {
  const w = e.weir ?? {};
  const facts = { ...w.edge };
  for (const name of ["protocol", "batch", "index", "bundle"]) if (w[name] !== undefined) facts[name] = w[name];
  return Object.keys(facts).length ? section("Edge", 1, pairs(facts)) : null;
}

function rejected(e) {
  const parameters = e.weir?.rejected;
  return parameters && Object.keys(parameters).length ? section("Rejected parameters", 1, pairs(parameters)) : null;
}

function columns(e) {
  const { weir, contexts, unstruct_event, ...rest } = e;
  return Object.keys(rest).length ? section("Columns", Object.keys(rest).length, pairs(rest)) : null;
}

function whole(e) {
  const s = section("Envelope", 1, h("details", { class: "card" }, h("summary", {}, h("b", {}, "JSON")), pretty(e)));
  s.firstChild.append(copyButton(() => JSON.stringify(e, null, 2)));
  return s;
}
