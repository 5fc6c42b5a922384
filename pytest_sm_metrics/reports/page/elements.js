// Elements, numbers and times. Texts become text nodes: no name is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function whole(number) {
  return number.toLocaleString("en-US").replaceAll(",", "\u202f");
}

function counted(number, noun, plural) {
  return whole(number) + " " + (number === 1 ? noun : plural || noun + "s");
}

// A value that is not finite is a text already.
function figure(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const text = String(value);
  if (text.length <= 8) return text;
  const short = Number(value.toPrecision(6));
  const size = Math.abs(short);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? short.toExponential() : String(short);
}

function offset(milliseconds) {
  if (milliseconds === 0) return "0 ms";
  const sign = milliseconds < 0 ? "−" : "+";
  const size = Math.abs(milliseconds);
  if (size < 1000) return sign + size.toFixed(size < 10 ? 2 : 1) + " ms";
  if (size < 120000) return sign + (size / 1000).toFixed(3) + " s";
  const minutes = Math.floor(size / 60000);
  return sign + minutes + " min " + ((size % 60000) / 1000).toFixed(1) + " s";
}

function moment(milliseconds) {
  return new Date(milliseconds).toISOString().replace("T", " ").replace(/\.000Z$|Z$/, "");
}

// A table of which the first rows are made at once, and the others when a button asks for them.
function table(caption, heads, rows, first, key, state) {
  const body = el("tbody");
  const shown = state.rows[key] || first;
  const add = (from, to) => body.append(...rows.slice(from, to).map((row) => row()));
  add(0, shown);
  const scroller = el(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el(
      "table",
      null,
      el("caption", null, caption),
      el("thead", null, el("tr", null, heads.map((head) => cell("th", head)))),
      body,
    ),
  );
  const parts = [scroller];
  if (rows.length > shown) {
    const more = el("button", { type: "button", class: "more", "data-key": "more-" + key });
    more.textContent = "Show the other " + whole(rows.length - shown) + " rows";
    more.addEventListener("click", () => {
      state.rows[key] = rows.length;
      const next = body.children.length;
      add(shown, rows.length);
      more.remove();
      const target = body.children[next];
      target.setAttribute("tabindex", "-1");
      target.focus();
    });
    parts.push(more);
  }
  return parts;
}

function cell(tag, head) {
  const [text, kind] = Array.isArray(head) ? head : [head, ""];
  return el(tag, { scope: tag === "th" ? "col" : null, class: kind || null }, text);
}

function number(text) {
  return el("td", { class: "n" }, text);
}

// A <details> that makes its content when it is first opened, and stays open when it is made anew.
function folded(title, key, state, content) {
  const details = el("details", { class: "fold" }, el("summary", { "data-key": key }, title));
  let made = false;
  const make = () => {
    if (!made) details.append(...content());
    made = true;
  };
  details.addEventListener("toggle", () => {
    if (details.open) make();
    state.open[key] = details.open;
  });
  if (state.open[key]) {
    make();
    details.open = true;
  }
  return details;
}
