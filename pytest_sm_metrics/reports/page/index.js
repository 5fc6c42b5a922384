// The index: opens tests, filters and orders them, follows links, and refreshes a live page.

const items = [...document.querySelectorAll("#list > li")];
const read = (element) => JSON.parse(element.textContent);
let index = read(document.getElementById("index"));
const blocks = [...document.querySelectorAll("script.data")];
let fresh = null; // the data of the tests of a live page, once it has been refreshed
const states = items.map(() => ({ rows: {}, open: {}, charts: {} }));
const bodies = items.map(() => null);
const texts = []; // the data of an open test on a live page, to see a change

function dataOf(place) {
  return fresh ? fresh[place] : read(blocks[place]);
}

// Of several entries of one test, reruns, a link without a number goes to the last.
function linkOf(place) {
  const name = index.tests[place][1];
  const own = places(name);
  const attempt = own.indexOf(place) + 1;
  return "#" + encodeURIComponent(name) + (attempt < own.length ? ";" + attempt : "");
}

let byName = null;
function places(name) {
  if (!byName) {
    byName = new Map();
    index.tests.forEach(([, test], place) => {
      if (byName.has(test)) byName.get(test).push(place);
      else byName.set(test, [place]);
    });
  }
  return byName.get(name) || [];
}

function render(place) {
  const data = dataOf(place);
  const name = items[place].querySelector(".t").textContent;
  const parts = contentOf(name, data, linkOf(place), states[place]);
  if (!bodies[place]) {
    bodies[place] = el("div", { class: "body" });
    items[place].firstElementChild.append(bodies[place]);
  }
  bodies[place].replaceChildren(...parts);
}

function open(place) {
  if (!bodies[place]) render(place);
  items[place].firstElementChild.open = true;
}

items.forEach((item, place) => {
  item.firstElementChild.addEventListener("toggle", (event) => {
    if (event.target !== item.firstElementChild) return;
    item.classList.toggle("open", event.target.open);
    if (event.target.open && !bodies[place]) render(place);
    else if (event.target.open) redraw(false, item);
  });
});

// Filters.

const filters = document.getElementById("filters");
const list = document.getElementById("list");
const fields = filters.elements;
const BAD = new Set(["failed", "error", "crashed", "interrupted"]);

function matching() {
  const wanted = new Set([...filters.querySelectorAll("[name=outcome]:checked")].map((one) => one.value));
  const asked = (name) => fields[name].value.trim().toLowerCase();
  const test = asked("test");
  const named = (names, text) => {
    if (!text) return null;
    return new Set(names.flatMap((name, at) => (name.toLowerCase().includes(text) ? [at] : [])));
  };
  const runs = named(index.runs, asked("run"));
  const metrics = named(index.metrics, asked("metric"));
  return index.tests.map(([outcome, name, ownRuns, ownMetrics]) =>
    wanted.has(outcome) &&
    (!test || name.toLowerCase().includes(test)) &&
    (!runs || ownRuns.some((one) => runs.has(one))) &&
    (!metrics || ownMetrics.some((one) => metrics.has(one))));
}

function filter() {
  const shown = matching();
  let count = 0;
  items.forEach((item, place) => {
    if (item.hidden === shown[place]) item.hidden = !shown[place];
    if (shown[place]) count += 1;
  });
  document.getElementById("shown").textContent = count === items.length
    ? `${counted(count, "test")} shown`
    : `${whole(count)} of ${counted(items.length, "test")} shown`;
  document.getElementById("nothing").hidden = count > 0 || !items.length;
}

function order() {
  const by = fields.order.value;
  const rank = (place) => {
    if (by === "outcome") return BAD.has(index.tests[place][0]) ? 0 : 1;
    return by ? -index.figures[place][FIGURES.indexOf(by)] : place;
  };
  const sorted = items.map((_, place) => place).sort((one, other) => rank(one) - rank(other) || one - other);
  list.append(...sorted.map((place) => items[place]));
}
const FIGURES = ["calls", "metrics", "rejected", "duration"];

filters.addEventListener("input", (event) => (event.target === fields.order ? order() : filter()));
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", () => setTimeout(() => { filter(); order(); }));
const suggest = (id, names) => {
  const list = document.getElementById(id);
  const shown = names.filter((name) => name && name.length < 200).slice(0, 300);
  list.replaceChildren(...shown.map((name) => el("option", { value: name })));
};
const failing = () => items.flatMap((item, place) => (BAD.has(index.tests[place][0]) && !item.hidden ? [place] : []));
const openFailures = document.getElementById("open-failures");
openFailures.addEventListener("click", () => failing().slice(0, 50).forEach(open));
openFailures.hidden = !failing().length;
document.getElementById("close-all").addEventListener("click", () =>
  items.forEach((item) => { item.firstElementChild.open = false; }));

// Links to tests.

function follow() {
  const [encoded, attempt] = location.hash.slice(1).split(";");
  if (!encoded) return false;
  let name;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    return false;
  }
  const own = places(name);
  if (!own.length) return false;
  const place = own[attempt ? Math.min(own.length, Number(attempt) || 1) - 1 : own.length - 1];
  if (items[place].hidden) {
    filters.reset();
    filter();
  }
  open(place);
  const summary = items[place].querySelector("summary");
  items[place].scrollIntoView();
  summary.focus({ preventScroll: true });
  requestAnimationFrame(() => items[place].scrollIntoView());
  return true;
}

addEventListener("hashchange", follow);

// Themes, sizes and print.

function redraw(printing, within) {
  for (const [frame, draw] of charts) {
    if (!frame.isConnected) charts.delete(frame);
    else if (frame.clientWidth && (!within || within.contains(frame))) draw(printing);
  }
}

let printed = [];
function beginPrint() {
  printed = failing().slice(0, 50).filter((place) => !items[place].firstElementChild.open);
  printed.forEach(open);
  document.documentElement.classList.add("print");
  redraw(true);
}
function endPrint() {
  document.documentElement.classList.remove("print");
  printed.forEach((place) => { items[place].firstElementChild.open = false; });
  printed = [];
  redraw(false);
}
addEventListener("beforeprint", beginPrint);
addEventListener("afterprint", endPrint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(false));
let resized = 0;
let known = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === known) return;
  known = innerWidth;
  clearTimeout(resized);
  resized = setTimeout(() => redraw(false), 120);
});

// A live page.

const status = document.getElementById("live");

async function refresh() {
  const began = performance.now();
  try {
    const answer = await fetch(document.body.dataset.live, { cache: "no-store" });
    const news = await answer.json();
    if (!answer.ok) throw new Error(news.message || "HTTP " + answer.status);
    if (news.rows.length !== items.length) {
      location.reload();
      return;
    }
    apply(news);
    say("Live. The page refreshes itself.");
  } catch (error) {
    say(`Not live: ${error.message}. The page tries again.`);
  }
  // A large answer is asked for less often.
  setTimeout(refresh, Math.max(2000, 5 * (performance.now() - began)));
}

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

function apply(news) {
  index = news.index;
  fresh = news.tests;
  byName = null;
  for (const name of ["calls", "metrics", "rejected"]) {
    document.getElementById("total-" + name).textContent = whole(news.counts[name]);
  }
  document.getElementById("total-duration").textContent = news.duration;
  suggest("runs", index.runs);
  suggest("metrics", index.metrics);
  news.rows.forEach((row, place) => {
    const item = items[place];
    item.querySelector(".t").textContent = row.test;
    const figures = [row.calls, row.metrics, row.rejected, row.duration];
    item.querySelectorAll("summary .n").forEach((cell, at) => {
      cell.lastChild.textContent = figures[at];
      if (at === 2) cell.classList.toggle("bad", row.rejected > 0);
    });
    const text = JSON.stringify(news.tests[place]);
    if (text === texts[place]) return;
    texts[place] = text;
    if (bodies[place]) renderAgain(place);
  });
  filter();
}

// Nothing that is open, scrolled to or focused is lost.
function renderAgain(place) {
  const body = bodies[place];
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scrolled = [...body.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
  const [left, top] = [scrollX, scrollY];
  body.style.minHeight = body.offsetHeight + "px";
  render(place);
  body.querySelectorAll(".scroll").forEach((one, at) => {
    if (scrolled[at]) [one.scrollLeft, one.scrollTop] = scrolled[at];
  });
  redraw(false, body);
  body.style.minHeight = "";
  scrollTo(left, top);
  if (focused) {
    const again = [...body.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused);
    if (again) again.focus({ preventScroll: true });
  }
}

suggest("runs", index.runs);
suggest("metrics", index.metrics);
filters.hidden = items.length < 2;
filter();
if (!follow()) {
  const [first] = failing();
  if (items.length === 1) open(0);
  else if (first !== undefined && failing().length <= 3) open(first);
}
if (document.body.dataset.live) refresh();
