// A bounded list of events, latest first, and the filter over it.

import * as envelope from "./envelope.js";

// Ledger keeps the last `limit` items. An item is {key, envelope, text}, and for
// dead letters also {id, route, error, attempts, at, retried}.
export class Ledger {
  constructor(limit) {
    this.limit = limit;
    this.items = [];
    this.held = []; // arrived while paused, oldest first
    this.paused = false;
    this.counts = { good: 0, failed: 0, unresolved: 0 };
    this.apps = new Set();
  }

  // add takes items, oldest first, and returns those that entered the list.
  add(items) {
    if (this.paused) {
      this.held.push(...items);
      if (this.held.length > this.limit) this.held.splice(0, this.held.length - this.limit);
      return [];
    }
    for (const item of items) {
      const v = envelope.verdict(item.envelope);
      this.counts[v] = (this.counts[v] ?? 0) + 1;
      if (item.envelope.app_id && this.apps.size < 200) this.apps.add(item.envelope.app_id);
    }
    this.items = [...items.toReversed(), ...this.items].slice(0, this.limit);
    return items;
  }

  replace(items) {
    this.clear();
    this.add(items);
  }

  pause() { this.paused = true; }

  // resume lets in what was held back and returns it.
  resume() {
    this.paused = false;
    const held = this.held;
    this.held = [];
    return this.add(held);
  }

  clear() {
    this.items = [];
    this.held = [];
    this.counts = { good: 0, failed: 0, unresolved: 0 };
  }
}

// item prepares an envelope for the list. The text to search is made once.
export function item(e, extra = {}) {
  return { key: envelope.key(e), envelope: e, ...extra, text: null };
}

// matcher returns a predicate for {verdict, app, words}; every word must occur.
export function matcher({ verdict, app, words }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return (it) => {
    const e = it.envelope;
    if (verdict && envelope.verdict(e) !== verdict) return false;
    if (app && e.app_id !== app) return false;
    if (wanted.length === 0) return true;
    it.text ??= JSON.stringify(e).toLowerCase() + ` ${it.route ?? ""} ${it.error ?? ""}`.toLowerCase();
    return wanted.every((w) => it.text.includes(w));
  };
}
