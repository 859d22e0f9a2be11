// The table of events: one row each, latest on top, one of them selected.

import { h } from "./dom.js";
import * as envelope from "./envelope.js";

const rows = 400; // in the document at once
const few = 20; // arrivals at a time that are worth pointing out

const pad = (n, width = 2) => String(n).padStart(width, "0");

// clock is local time to the millisecond.
function clock(at) {
  if (Number.isNaN(at.getTime())) return ["—", ""];
  return [`${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`, `.${pad(at.getMilliseconds(), 3)}`];
}

// place is a path without the two steps that every self-describing payload shares.
const place = (path = "") => path.replace(/^\/unstruct_event\/data(?=\/|$)/, "") || "/";

export class Table {
  constructor(element, onOpen) {
    this.body = element.tBodies[0];
    this.onOpen = onOpen;
    this.items = new Map(); // by row
    this.selected = null;
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) this.choose(row);
    });
    this.body.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr");
      if (row && row.matches(":focus-visible")) this.mark(row);
    });
  }

  // show replaces every row. A selection that is still among them stays.
  show(items, view) {
    this.view = view;
    const key = this.items.get(this.selected)?.key;
    this.items.clear();
    this.selected = null;
    this.body.replaceChildren(...items.slice(0, rows).map((it) => this.row(it)));
    for (const [row, it] of this.items) if (it.key === key) this.mark(row);
    this.roving();
  }

  // prepend adds rows on top, oldest first, and drops as many at the bottom.
  prepend(items) {
    const added = items.slice(-rows).toReversed().map((it) => this.row(it));
    if (added.length <= few) for (const row of added) row.classList.add("fresh");
    this.body.prepend(...added);
    while (this.body.rows.length > rows) {
      const last = this.body.rows[this.body.rows.length - 1];
      if (last === this.selected) this.selected = null;
      this.items.delete(last);
      last.remove();
    }
    this.roving();
  }

  row(it) {
    const e = it.envelope;
    const { name, version } = envelope.title(e);
    const at = envelope.collected(e);
    const [time, millis] = clock(at);
    const row = h("tr", { tabindex: "-1", "aria-selected": "false" },
      h("td", { class: "c-time", title: Number.isNaN(at.getTime()) ? null : at.toISOString() }, time, h("i", {}, millis)),
      h("td", { class: "c-verdict" }, h("span", { class: "badge", "data-verdict": envelope.verdict(e) }, envelope.verdict(e))),
      h("td", { class: "c-app" }, e.app_id ?? "—"),
      h("td", { class: "c-event", title: envelope.schemaOf(e) }, name, version && h("small", {}, version)),
      h("td", { class: "c-summary" }, ...this.summary(it)),
      h("td", { class: "c-extra" }, this.extra(it)),
      h("td", { class: "c-protocol" }, e.weir?.protocol ?? "—"));
    this.items.set(row, it);
    return row;
  }

  summary(it) {
    if (it.error && it.retried) return ["handed back to ", h("code", {}, it.route ?? "its route")];
    if (it.error) return [h("code", {}, it.route ?? "sink"), " ", it.error];
    const [first] = envelope.violations(it.envelope);
    if (!first) return [envelope.summary(it.envelope)];
    const more = envelope.violations(it.envelope).length - 1 + (it.envelope.weir?.violations_more ?? 0);
    return [h("code", {}, place(first.path)), " ", first.message ?? first.keyword, more > 0 ? ` (and ${more} more)` : ""];
  }

  extra(it) {
    if (this.view === "deadletters") return String(it.attempts ?? "—");
    const n = envelope.entities(it.envelope).length;
    return n ? String(n) : "—";
  }

  // roving keeps exactly one row in the tab order.
  roving() {
    this.body.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    (this.selected ?? this.body.rows[0])?.setAttribute("tabindex", "0");
  }

  mark(row) {
    this.selected?.setAttribute("aria-selected", "false");
    this.selected = row;
    row?.setAttribute("aria-selected", "true");
    this.roving();
  }

  choose(row) {
    this.mark(row);
    this.onOpen(this.items.get(row));
  }

  // step moves the selection by n rows and returns the item there.
  step(n) {
    const at = this.selected ? this.selected.rowIndex - 1 + n : 0;
    const row = this.body.rows[Math.max(0, Math.min(at, this.body.rows.length - 1))];
    if (!row) return null;
    this.mark(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    return this.items.get(row);
  }

  current() { return this.items.get(this.selected) ?? null; }

  top() {
    this.mark(null);
    this.body.closest(".stream").scrollTo({ top: 0 });
  }
}
