// What stands where events would: how to send the first one.

import { h, copyButton } from "./dom.js";

// command is one page view by hand, in lines that fit.
const command = (collector) => `curl ${collector}/com.snowplowanalytics.snowplow/tp2 \\
  -H 'Content-Type: application/json' \\
  -d '{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
       "data":[{"e":"pv","p":"web","tv":"curl","aid":"first-light",
                "page":"Hello","url":"https://example.com/"}]}'`;

const quiet = {
  failed: ["No failed events", "An event that breaks its schema is kept here with the place and the reason, and can be replayed once the schema or the tracker is mended."],
  deadletters: ["No dead letters", "A valid event that a sink refused for good, or gave up on after its retries, waits here until it is replayed."],
};

// draw fills the box for a view; filtered says that events exist but none matches.
export function draw(box, { view, filtered, collector, demo, onReset }) {
  if (filtered) {
    box.replaceChildren(
      h("h2", {}, "Nothing matches"),
      h("p", {}, "No event fits the verdict, app and words asked for."),
      h("div", { class: "actions" }, h("button", { class: "button", type: "button", onclick: onReset }, "Show all events")));
    return;
  }
  if (view !== "live") {
    const [title, text] = quiet[view];
    box.replaceChildren(h("h2", {}, title), h("p", {}, text));
    return;
  }
  const text = command(collector || "http://127.0.0.1:8080");
  const snippet = h("div", { class: "snippet" }, h("pre", {}, text));
  snippet.append(copyButton(() => text));
  box.replaceChildren(
    h("h2", {}, "Waiting for the first event"),
    h("p", {}, "Point any Snowplow tracker at the collector, or send a page view by hand. It appears here as soon as it is stored, with its verdict and what privacy removed."),
    snippet,
    demo ? h("div", { class: "actions" }, h("a", { class: "button primary", href: demo, target: "_blank", rel: "noopener" }, "Open the demo shop"), "and watch your own clicks arrive") : "");
}
