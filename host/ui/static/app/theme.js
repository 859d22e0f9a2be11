// Light, dark, or as the system has it; remembered in this browser.

const order = ["", "light", "dark"];
const store = "weir-theme";

const read = () => { try { return localStorage.getItem(store) ?? ""; } catch { return ""; } };

export function apply(theme = read()) {
  document.documentElement.toggleAttribute("data-theme", theme !== "");
  if (theme) document.documentElement.setAttribute("data-theme", theme);
}

// next moves on and returns the theme's name for people.
export function next() {
  const theme = order[(order.indexOf(read()) + 1) % order.length];
  try { localStorage.setItem(store, theme); } catch { /* a private window: for this page only */ }
  apply(theme);
  return theme || "system";
}
