// The stream of envelopes from /api/tail, over as many connections as it takes.

import { parse } from "./json.js";
import { key } from "./envelope.js";

const remembered = 5000; // keys: more than a reconnect replays

// follow calls onEvents with arrays of envelopes not seen before, at most once
// a frame, and onState with connecting, live or lost.
export function follow(url, onEvents, onState) {
  const seen = new Set();
  let waiting = [];
  let scheduled = false;

  const hand = () => {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    if (batch.length) onEvents(batch);
  };

  const source = new EventSource(url);
  source.addEventListener("open", () => onState("live"));
  source.addEventListener("error", () => onState("lost"));
  source.addEventListener("envelope", (message) => {
    let envelope;
    try {
      envelope = parse(message.data);
    } catch {
      return; // a frame cut off by a broken connection; it comes again
    }
    const k = key(envelope);
    if (seen.has(k)) return;
    seen.add(k);
    if (seen.size > remembered) seen.delete(seen.values().next().value);
    waiting.push(envelope);
    if (scheduled) return;
    scheduled = true;
    // A hidden tab gets no frames, but its list must stay current and bounded.
    if (document.hidden) setTimeout(hand, 250);
    else requestAnimationFrame(hand);
  });
  return () => source.close();
}
