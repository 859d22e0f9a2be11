// Single-key shortcuts, out of the way of typing and of the browser's own.

// bind runs actions[key] for keys pressed outside fields, buttons and dialogs.
export function bind(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target;
    if (target.closest("input, select, textarea")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (target.closest("dialog")) return;
    // Enter and arrows mean something to a focused button, tab or summary.
    if (target.closest("button, a, summary") && ["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    // The details panel scrolls by its own arrows.
    if (target.closest(".detail") && event.key.startsWith("Arrow")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
