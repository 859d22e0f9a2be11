// JSON as it was sent: numbers keep their digits, and a value is shown with
// colour but never as markup.

// parse reads JSON and keeps numbers that JavaScript would round, such as
// 1.10 or 9007199254740993, as raw JSON (where the browser can).
export function parse(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && String(value) !== context.source ? JSON.rawJSON(context.source) : value);
}

// scalar is a leaf as a reader wants it: strings without quotes.
export function scalar(value) {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

// isLeaf says whether a value has no members to show.
export function isLeaf(value) {
  return value === null || typeof value !== "object" || (JSON.isRawJSON?.(value) ?? false);
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|([{}[\],])/g;
const limit = 200_000; // characters shown of one value

// pretty returns a <pre> of the value, indented and coloured.
export function pretty(value) {
  const pre = document.createElement("pre");
  pre.className = "json";
  let text = JSON.stringify(value, null, 2) ?? "";
  let rest = "";
  if (text.length > limit) {
    rest = `\n… ${text.length - limit} more characters`;
    text = text.slice(0, limit);
  }
  let end = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > end) pre.append(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [, string, colon, number, literal, mark] = match;
    if (string) {
      pre.append(span(colon ? "k" : "s", string));
      if (colon) pre.append(span("p", colon));
    } else {
      pre.append(span(number ? "n" : literal ? "l" : "p", number ?? literal ?? mark));
    }
  }
  pre.append(text.slice(end) + rest);
  return pre;
}

function span(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}
