// Events per second over the last minute, as bars.

import { h, svg } from "./dom.js";

const seconds = 60;
const height = 44;
const step = 4;

// Rate counts events by the second they were collected in.
export class Rate {
  constructor(element) {
    this.counts = new Map(); // epoch second → [good, failed]
    this.now = h("b", {}, "0");
    this.drawing = svg("svg", { viewBox: `0 0 ${seconds * step} ${height + 2}`, "aria-hidden": "true", preserveAspectRatio: "none" });
    element.replaceChildren(this.drawing, h("figcaption", {}, this.now, "per second"));
    setInterval(() => { if (!document.hidden) this.draw(); }, 1000);
    this.draw();
  }

  add(at, good) {
    const second = Math.floor(at / 1000);
    if (Number.isNaN(second)) return;
    const counts = this.counts.get(second) ?? [0, 0];
    counts[good ? 0 : 1]++;
    this.counts.set(second, counts);
  }

  draw() {
    const now = Math.floor(Date.now() / 1000);
    for (const second of this.counts.keys()) if (second < now - seconds) this.counts.delete(second);
    let most = 4; // a single event is a small bar, not a full one
    for (const [good, failed] of this.counts.values()) most = Math.max(most, good + failed);
    const bars = [];
    for (let i = 0; i < seconds; i++) {
      const [good, failed] = this.counts.get(now - seconds + 1 + i) ?? [0, 0];
      const x = i * step;
      const tall = (n) => (n ? Math.max(2, (n / most) * height) : 0);
      const g = tall(good), f = tall(failed);
      bars.push(svg("rect", { class: "axis", x, y: height + 1, width: step - 1, height: 1 }));
      if (g) bars.push(svg("rect", { class: "bar-good", x, y: height - g, width: step - 1, height: g }));
      if (f) bars.push(svg("rect", { class: "bar-failed", x, y: Math.max(0, height - g - f), width: step - 1, height: f }));
    }
    this.drawing.replaceChildren(...bars);
    // The second under way is not over: the one before it is the figure.
    const [good, failed] = this.counts.get(now - 1) ?? [0, 0];
    this.now.textContent = String(good + failed);
  }
}
