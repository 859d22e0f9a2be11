// The demo shop: what a shop's own code would look like with the tracker in it.

import { h, svg } from "./app/dom.js";
import * as tracking from "./tracking.js";

const $ = (id) => document.getElementById(id);
const currency = "EUR";

const teas = [
  { sku: "TEA-100", name: "Sencha", leaf: "sencha", note: "Steamed, first flush", price: 7.9, categories: ["tea", "green"] },
  { sku: "TEA-130", name: "Hojicha", leaf: "hojicha", note: "Roasted, low in caffeine", price: 9.2, categories: ["tea", "roasted"] },
  { sku: "TEA-210", name: "Gyokuro", leaf: "gyokuro", note: "Shaded for three weeks", price: 24.5, categories: ["tea", "green", "shaded"] },
];
const account = { user_id: "4711", email: "ada@example.com", name: "Ada", plan: "plus", signed_up: "2024-02-29", language: "en" };

const cart = new Map(); // quantity by tea

const cents = (amount) => Math.round(amount * 100) / 100;
const product = ({ sku, name, categories, price }) => tracking.entity("product", { sku, name, categories, price, currency, in_stock: true });

function view(tea) {
  // Two entities of one kind: the tea looked at, then the one offered beside it.
  const beside = teas[(teas.indexOf(tea) + 1) % teas.length];
  tracking.event("product_view", { sku: tea.sku, name: tea.name, price: tea.price, currency, list: "home" }, [product(tea), product(beside)]);
}

function add(tea) {
  cart.set(tea, (cart.get(tea) ?? 0) + 1);
  tracking.event("add_to_cart", { sku: tea.sku, quantity: 1, price: tea.price, currency }, [product(tea)]);
  drawCart();
}

const total = () => cents([...cart].reduce((sum, [tea, quantity]) => sum + tea.price * quantity, 0));

function checkout() {
  tracking.event("checkout", {
    order_id: `O-${Date.now()}`,
    total: total(),
    currency,
    payment: "card",
    items: [...cart].map(([tea, quantity]) => ({ sku: tea.sku, quantity, price: tea.price })),
    email: account.email,
    phone: "+41 44 668 18 00",
    delivery: { country: "CH", postcode: "8001", street: "Bahnhofstrasse 1" },
    note: "Please ring twice",
  }, [...[...cart.keys()].map(product), tracking.entity("user", account)]);
  cart.clear();
  drawCart();
}

// --- by hand

const send = {
  page_view: () => tracking.pageView(),
  struct: () => tracking.struct({ category: "newsletter", action: "subscribe", label: "footer", property: "weekly", value: 1 }),
  self_describing: () => view(teas[0]),
  violation: () => tracking.event("add_to_cart", { sku: "tea 100", quantity: 0, price: -7.9, currency: "euro" }, [product(teas[0])]),
};
for (const button of document.querySelectorAll("[data-send]")) button.addEventListener("click", send[button.dataset.send]);

// --- drawing

function tin() {
  return svg("svg", { viewBox: "0 0 96 128", "aria-hidden": "true" },
    svg("rect", { x: 14, y: 26, width: 68, height: 96, rx: 9, fill: "currentColor" }),
    svg("rect", { x: 10, y: 10, width: 76, height: 24, rx: 8, fill: "currentColor", opacity: 0.72 }),
    svg("rect", { x: 26, y: 54, width: 44, height: 46, rx: 6, fill: "#fff", opacity: 0.88 }),
    svg("path", { d: "M48 62c11 7 12 20 0 30c-12-10-11-23 0-30z", fill: "currentColor" }),
    svg("rect", { x: 22, y: 40, width: 5, height: 74, rx: 2.5, fill: "#fff", opacity: 0.22 }));
}

$("products").replaceChildren(...teas.map((tea) =>
  h("li", { "data-leaf": tea.leaf },
    h("button", { class: "picture", type: "button", "aria-label": `Look at ${tea.name}`, onclick: () => view(tea) }, tin()),
    h("div", { class: "text" }, h("b", {}, tea.name), h("span", { class: "price" }, `${tea.price.toFixed(2)} ${currency}`), h("span", { class: "soft" }, tea.note)),
    h("button", { class: "button", type: "button", "data-add": tea.sku, onclick: () => add(tea) }, "Add to cart"))));

function drawCart() {
  $("cart").replaceChildren(...(cart.size === 0 ? [h("li", { class: "soft" }, "Nothing yet.")] : [...cart].map(([tea, quantity]) =>
    h("li", {}, h("b", {}, tea.name), h("span", { class: "soft" }, `× ${quantity}`), h("span", {}, cents(tea.price * quantity).toFixed(2))))));
  $("total").textContent = `${total().toFixed(2)} ${currency}`;
  $("checkout").disabled = cart.size === 0;
}
$("checkout").addEventListener("click", checkout);

function log(name, status, good) {
  const list = $("log");
  list.querySelector(".soft")?.remove();
  list.prepend(h("li", {}, h("b", {}, name), h("time", {}, new Date().toLocaleTimeString("en-GB")), h("span", { class: good ? "status" : "status lost" }, status)));
  while (list.children.length > 60) list.lastChild.remove();
  drawCookies();
}

function drawCookies() {
  const names = document.cookie.split("; ").filter(Boolean).map((c) => c.split("=")[0]);
  $("cookies").textContent = names.length ? names.join(", ") : "none";
}

$("anonymous").addEventListener("change", (event) => {
  tracking.anonymous(event.target.checked);
  drawCookies();
});

// --- start

const settings = await (await fetch("settings.json")).json();
if (settings.live) {
  $("live").href = settings.live;
  $("live").hidden = false;
}
if (tracking.start(settings.collector, log)) {
  drawCookies();
} else {
  $("banner").textContent = "The browser tracker is not in this build, so nothing is sent. Run “make build”, then start weir again.";
  $("banner").hidden = false;
}
document.documentElement.dataset.ready = "true";
