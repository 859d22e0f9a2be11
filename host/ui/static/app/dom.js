// Elements without markup: whatever a tracker sent reaches the page as text.

const SVG = "http://www.w3.org/2000/svg";

// h makes an element. Attributes that are null or false are left out; strings
// among the children become text nodes.
export function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

// svg is h for drawings.
export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

// copyButton puts text() on the clipboard and says so.
export function copyButton(text, label = "Copy") {
  const button = h("button", { class: "button", type: "button" }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      getSelection().selectAllChildren(button.parentElement.querySelector("pre") ?? button);
    }
    setTimeout(() => { button.textContent = label; }, 1600);
  });
  return button;
}
