// Counters, the journal and the routes, from /api/status.

import { h } from "./dom.js";

const every = 2000; // milliseconds

// watch asks for the status while the page is looked at.
export function watch(url, onStatus) {
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.ok) onStatus(await answer.json());
    } catch {
      // The feed says that the host is gone.
    }
  };
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, every);
  ask();
}

const counted = new Intl.NumberFormat("en");

// bytes is a size with its unit, [number, unit].
function bytes(n) {
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (n < 1000) return [n < 10 && unit !== "B" ? n.toFixed(1) : String(Math.round(n)), unit];
    n /= 1000;
  }
  return [String(Math.round(n)), "PB"];
}

// age is a span of time in its largest unit.
export function age(milliseconds) {
  const s = Math.max(0, Math.round(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

export function figures(list, { counters = {}, journal }) {
  const show = [
    ["events stored", counters.events, ""],
    ["failed", counters.failed, counters.failed ? "failed" : ""],
    ["unresolved", counters.unresolved || undefined, "unresolved"],
    ["duplicates dropped", counters.duplicates || undefined, ""],
    ["dead letters", journal?.deadletters || undefined, "failed"],
    ["quarantined", journal?.quarantined || undefined, "failed"],
  ];
  const rows = show.filter(([, n]) => n !== undefined && n !== null).map(([name, n, tone]) =>
    h("div", { "data-tone": tone }, h("dt", {}, name), h("dd", {}, counted.format(n))));
  if (journal?.bytes !== undefined) {
    const [n, unit] = bytes(journal.bytes);
    rows.push(h("div", {}, h("dt", {}, "journal"), h("dd", {}, n, h("small", {}, unit))));
  }
  list.replaceChildren(...rows);
}

export function routes(list, { routes = [] }) {
  // The host's own routes, named weir.…, are worth a place only when they are stuck.
  const shown = (routes ?? []).filter((r) => !r.name.startsWith("weir.") || r.error || r.breaker === "open");
  list.replaceChildren(...shown.map((r) => {
    const breaker = r.breaker || "closed";
    const facts = [];
    if (breaker !== "closed") facts.push(breaker === "open" ? "paused" : "trying again");
    facts.push(r.lag ? `${counted.format(r.lag)} ${r.lag === 1 ? "batch" : "batches"} behind` : "up to date");
    if (r.lag && r.oldest) facts.push(`oldest ${age(Date.now() - new Date(r.oldest))}`);
    return h("li", { "data-breaker": breaker, title: r.error || null },
      h("span", { class: "lamp" }),
      h("span", { class: "name" }, r.name, r.sink && r.sink !== r.name && h("small", {}, r.sink)),
      h("span", { class: "facts" }, facts.join(" · ")));
  }));
}
