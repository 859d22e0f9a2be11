// The live page: joins the feed, the views, the filters and the keyboard.

import * as empty from "./empty.js";
import * as envelope from "./envelope.js";
import * as detail from "./detail.js";
import * as status from "./status.js";
import * as theme from "./theme.js";
import { follow } from "./feed.js";
import { h } from "./dom.js";
import { item, Ledger, matcher } from "./ledger.js";
import { bind } from "./keys.js";
import { parse } from "./json.js";
import { Rate } from "./rate.js";
import { Table } from "./table.js";

const kept = 2000; // events in memory
const $ = (id) => document.getElementById(id);

const ledgers = { live: new Ledger(kept), failed: new Ledger(kept), deadletters: new Ledger(kept) };
const filter = { verdict: "", app: "", words: "" };
let view = "live";
let connection = "connecting";
let known = {}; // the last status
let opened = null;

const ledger = () => ledgers[view];
const rate = new Rate($("rate"));
const table = new Table($("events"), open);

// --- the stream

follow("api/tail", (envelopes) => {
  const arrived = ledgers.live.add(envelopes.map((e) => item(e)));
  for (const e of envelopes) rate.add(envelope.collected(e), envelope.verdict(e) !== "failed");
  if (view === "live") {
    const matching = arrived.filter(matcher(filter));
    if (matching.length) table.prepend(matching);
    settle();
  }
}, (state) => {
  connection = state;
  settle();
});

status.watch("api/status", (s) => {
  known = s;
  status.figures($("figures"), s);
  status.routes($("routes"), s);
  $("version").textContent = s.version ?? "";
  $("demo").hidden = !s.demo;
  if (s.demo) {
    $("demo").href = s.demo;
    $("demo").target = "_blank";
  }
  if (!$("empty").hidden) settle();
});

// --- views

const sources = {
  failed: ["api/failed?limit=500", (answer) => (answer.events ?? []).map((e) => item(e))],
  deadletters: ["api/deadletters?limit=500", (answer) => (answer.deadletters ?? []).map(({ envelope: e = {}, ...rest }) =>
    ({ ...item(e, rest), key: `${rest.id}:${rest.retried ?? ""}` }))],
};

async function refresh() {
  const source = sources[view];
  if (!source || document.hidden) return;
  const [url, read] = source;
  const asked = view;
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the host answered ${answer.status}`);
    const items = read(parse(await answer.text()));
    const before = ledgers[asked].items;
    if (items.length === before.length && items.every((it, i) => it.key === before[i].key)) return;
    ledgers[asked].replace(items.toReversed());
    if (view === asked) redraw();
  } catch (error) {
    console.warn(`${url}: ${error.message}`);
  }
}
setInterval(refresh, 3000);

function switchTo(name) {
  view = name;
  for (const tab of document.querySelectorAll("[data-view]")) {
    const selected = tab.dataset.view === name;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
  $("extra").textContent = name === "deadletters" ? "Attempts" : "Entities";
  $("pause").hidden = $("clear").hidden = name !== "live";
  $("verdicts").hidden = name !== "live";
  $("retry").hidden = name !== "deadletters";
  filter.verdict = "";
  close();
  redraw();
  refresh();
}

for (const tab of document.querySelectorAll("[data-view]")) {
  tab.addEventListener("click", () => switchTo(tab.dataset.view));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: tab.nextElementSibling, ArrowLeft: tab.previousElementSibling }[event.key];
    if (to) { to.focus(); to.click(); }
  });
}

// --- filters

const verdicts = [["", "All"], ["good", "Good"], ["failed", "Failed"], ["unresolved", "Unresolved"]];
$("verdicts").replaceChildren(...verdicts.map(([value, label]) =>
  h("button", { type: "button", role: "radio", "data-verdict": value, onclick: () => choose(value) }, label, h("output"))));

function choose(value) {
  filter.verdict = value;
  redraw();
}

$("app").addEventListener("change", () => { filter.app = $("app").value; redraw(); });
$("search").addEventListener("input", () => { filter.words = $("search").value; redraw(); });
$("clear").addEventListener("click", () => { ledger().clear(); close(); redraw(); });
$("pause").addEventListener("click", pause);

// retry hands dead letters back to their routes; what fails again comes back.
async function retry() {
  const waiting = ledgers.deadletters.items.filter(matcher(filter)).filter((it) => !it.retried);
  const body = JSON.stringify({ ids: waiting.map((it) => it.id) });
  try {
    const answer = await fetch("api/deadletters/retry", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(await answer.text());
  } catch (error) {
    console.warn(`retrying dead letters: ${error.message}`);
  }
  refresh();
}

$("retry").addEventListener("click", retry);

function pause() {
  const live = ledgers.live;
  if (live.paused) {
    const held = live.resume().filter(matcher(filter));
    if (view === "live") table.prepend(held);
  } else {
    live.pause();
  }
  settle();
}

function reset() {
  Object.assign(filter, { verdict: "", app: "", words: "" });
  $("app").value = $("search").value = "";
  redraw();
}

// redraw shows the view from scratch; settle brings everything around the rows up to date.
function redraw() {
  table.show(ledger().items.filter(matcher(filter)), view);
  settle();
}

function settle() {
  const { live } = ledgers;
  const filtered = Boolean(filter.verdict || filter.app || filter.words);
  const showing = table.items.size;

  for (const button of $("verdicts").children) {
    const value = button.dataset.verdict;
    const n = value ? ledger().counts[value] : 0;
    button.setAttribute("aria-checked", String(value === filter.verdict));
    button.lastChild.textContent = n ? String(n) : "";
  }
  for (const app of ledger().apps) {
    if (![...$("app").options].some((o) => o.value === app)) $("app").append(h("option", { value: app }, app));
  }
  $("retry").disabled = !ledgers.deadletters.items.some((it) => !it.retried);
  $("shown").textContent = filtered ? `${showing} of ${ledger().items.length}` : "";
  $("pause").setAttribute("aria-pressed", String(live.paused));
  $("pause").classList.toggle("primary", !live.paused);
  $("pause").firstChild.textContent = live.paused ? (live.held.length ? `Resume · ${live.held.length} waiting` : "Resume") : "Pause";

  const state = connection === "live" && live.paused ? "paused" : connection;
  $("connection").dataset.state = state;
  $("connection").textContent = { connecting: "connecting", live: "live", paused: "paused", lost: "host unreachable, trying again" }[state];

  $("events").hidden = showing === 0;
  $("empty").hidden = showing > 0;
  if (showing === 0) {
    empty.draw($("empty"), { view, filtered: filtered && ledger().items.length > 0, collector: known.collector, demo: known.demo, onReset: reset });
  }
}

// --- one event

function open(it) {
  if (!it) return;
  opened = it;
  $("split").classList.add("open");
  detail.draw($("detail"), it, close);
}

function close() {
  opened = null;
  $("detail").hidden = true;
  $("detail").replaceChildren();
  $("split").classList.remove("open");
}

// --- keyboard and theme

const changeTheme = () => { $("theme").title = `Colour theme: ${theme.next()} (t)`; };
const shortcuts = () => $("shortcuts").showModal();
$("theme").addEventListener("click", changeTheme);
$("help").addEventListener("click", shortcuts);

const move = (n) => {
  const it = table.step(n);
  if (opened) open(it);
};

bind({
  j: () => move(1), ArrowDown: () => move(1),
  k: () => move(-1), ArrowUp: () => move(-1),
  Enter: () => open(table.current()),
  Escape: () => (opened ? close() : table.mark(null)),
  "/": () => $("search").focus(),
  p: pause,
  g: () => table.top(),
  t: changeTheme,
  "?": shortcuts,
  1: () => choose(""), 2: () => choose("good"), 3: () => choose("failed"), 4: () => choose("unresolved"),
});

theme.apply();
settle();
