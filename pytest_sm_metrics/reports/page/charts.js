// Curves: one chart for each metric, with all runs in it, and the same as a table.

const COLORS = 8;
const DASHES = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
const LEGEND = 12;
const charts = new Map(); // by the element: the function that draws the chart

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function styleOf(place) {
  return { color: place % COLORS, dash: DASHES[Math.floor(place / COLORS) % DASHES.length] };
}

function swatch(place) {
  const { color, dash } = styleOf(place);
  return svg(
    "svg",
    { class: "swatch", width: 24, height: 10, "aria-hidden": "true" },
    svg("line", {
      class: "c" + color, x1: 1, x2: 23, y1: 5, y2: 5, "stroke-width": 2.5,
      "stroke-dasharray": dash.join(" ") || null,
    }),
  );
}

// The coordinates of a series in one mode, in order of x. A missing x leaves a point out.
function pointsOf(series, mode, log) {
  const points = [];
  const { values, steps, times } = series;
  for (let index = 0; index < values.length; index++) {
    let x = index;
    if (mode === "step") x = steps ? steps[index] : null;
    else if (mode === "time") x = times[index] / 1000;
    if (x === null) continue;
    const value = values[index];
    const drawn = typeof value === "number" && !(log && value <= 0);
    points.push([x, drawn ? value : null, value]);
  }
  return points.sort((one, other) => one[0] - other[0]);
}

// Columns for the chart. A step that a run has twice gets two rows, so that both are drawn.
function aligned(all, mode, log) {
  const points = all.map((series) => pointsOf(series, mode, log));
  const most = new Map();
  for (const own of points) {
    let times = 0;
    own.forEach(([x], index) => {
      times = index && own[index - 1][0] === x ? times + 1 : 1;
      if (times > (most.get(x) || 0)) most.set(x, times);
    });
  }
  const xs = [];
  const first = new Map();
  for (const x of [...most.keys()].sort((one, other) => one - other)) {
    first.set(x, xs.length);
    for (let count = most.get(x); count > 0; count--) xs.push(x);
  }
  const columns = points.map((own) => {
    const column = new Array(xs.length).fill(undefined);
    let times = 0;
    own.forEach(([x, drawn], index) => {
      times = index && own[index - 1][0] === x ? times + 1 : 0;
      column[first.get(x) + times] = drawn;
    });
    return column;
  });
  // The values at each x as they were logged, for the readout: also those that are not drawn.
  const logged = points.map((own) => {
    const values = new Map();
    for (const [x, , value] of own) {
      if (values.has(x)) values.get(x).push(value);
      else values.set(x, [value]);
    }
    return values;
  });
  return { data: [xs, ...columns], logged };
}

function chart(metric, all, labels, places, key, state) {
  const view = (state.charts[key] = state.charts[key] || {});
  const modes = modesOf(all);
  if (!modes.includes(view.mode)) view.mode = modes[0];
  const positive = all.some((one) => one.max !== null && one.max > 0);
  if (!positive) view.log = false;

  const plot = el("div", { class: "plot" });
  const readout = el("div", { class: "readout", hidden: true });
  const spoken = el("p", { class: "unseen", "aria-live": "polite" });
  const frame = el(
    "div",
    { class: "frame", tabindex: "0", role: "group", "data-key": "chart-" + key },
    plot, readout,
  );
  const notes = el("p", { class: "notes" });
  let current = null;
  let prepared = null;

  function draw(printing) {
    if (!frame.isConnected && !printing) return;
    frame.setAttribute("aria-label", `${metric} by ${MODES[view.mode]}, ` +
      `${counted(all.length, "run")}. Arrow keys read the values; the table has all series.`);
    prepared = aligned(all, view.mode, view.log);
    notes.textContent = notesOf(all, view);
    notes.hidden = !notes.textContent;
    if (current) current.destroy();
    const width = printing ? 660 : Math.max(240, Math.floor(frame.clientWidth));
    current = new uPlot(options(width, view, all, places, show), prepared.data, plot);
  }

  function show(index) {
    const x = index === null || index === undefined ? undefined : prepared.data[0][index];
    readout.hidden = x === undefined;
    if (x === undefined) return;
    readout.replaceChildren(el("b", null, nameOfX(view.mode, x)));
    const lines = [];
    all.forEach((series, place) => {
      const values = prepared.logged[place].get(x);
      if (!values || lines.length >= LEGEND) return;
      const text = values.map(figure).join(" and ");
      lines.push(labels[place] + " " + text);
      readout.append(
        el("div", null, swatch(places[place]), el("span", null, labels[place]), el("b", null, text)),
      );
    });
    // Beside the pointer: to its right if there is room, else to its left.
    const at = current.over.offsetLeft + current.valToPos(x, "x");
    const size = readout.offsetWidth;
    const right = at + 14 + size <= frame.clientWidth;
    readout.style.left = Math.max(0, right ? at + 14 : at - 14 - size) + "px";
    view.spoken = nameOfX(view.mode, x) + ": " + lines.join(", ");
  }

  function move(event) {
    const xs = prepared.data[0];
    const last = xs.length - 1;
    let index = current.cursor.idx;
    if (index === null || index === undefined) index = event.key === "ArrowLeft" ? xs.length : -1;
    if (event.key === "ArrowRight") {
      index += 1;
      while (index < last && index > 0 && xs[index] === xs[index - 1]) index += 1;
    } else if (event.key === "ArrowLeft") {
      index -= 1;
      while (index > 0 && xs[index] === xs[index - 1]) index -= 1;
    } else if (event.key === "Home") index = 0;
    else if (event.key === "End") index = last;
    else if (event.key === "Escape") index = null;
    else return;
    event.preventDefault();
    if (index === null) {
      current.setCursor({ left: -10, top: -10 });
      return;
    }
    index = Math.min(last, Math.max(0, index));
    current.setCursor({ left: current.valToPos(xs[index], "x"), top: 10 });
    show(index);
    spoken.textContent = view.spoken;
  }

  frame.addEventListener("keydown", move);
  charts.set(frame, draw);
  const box = el(
    "section",
    { class: "chart" },
    el("div", { class: "title" }, el("h5", null, metric), controls(key, view, modes, positive, draw)),
    legend(labels, places),
    frame, spoken, notes,
  );
  requestAnimationFrame(() => draw(false));
  return box;
}

const MODES = { step: "step", time: "time", order: "order of arrival" };

function modesOf(all) {
  const modes = [];
  if (all.some((one) => one.steps)) modes.push("step");
  if (all.some((one) => one.times.some((time) => time !== one.times[0]))) modes.push("time");
  modes.push("order");
  return modes;
}

function controls(key, view, modes, positive, draw) {
  const change = () => draw(false);
  const x = el("select", { "data-key": "x-" + key }, modes.map((mode) =>
    el("option", { value: mode, selected: mode === view.mode }, "by " + MODES[mode])));
  x.addEventListener("change", () => { view.mode = x.value; change(); });
  const log = el("input", { type: "checkbox", "data-key": "log-" + key, disabled: !positive });
  log.checked = Boolean(view.log);
  log.addEventListener("change", () => { view.log = log.checked; change(); });
  return el(
    "div",
    { class: "controls" },
    el("label", null, el("span", { class: "unseen" }, "Horizontal axis"), x),
    el("label", null, log, " log axis"),
  );
}

function legend(labels, places) {
  const items = labels.slice(0, LEGEND).map((label, place) =>
    el("li", null, swatch(places[place]), el("span", null, label)));
  if (labels.length > LEGEND) {
    items.push(el("li", { class: "rest" }, "and " + whole(labels.length - LEGEND) + " more"));
  }
  return el("ul", { class: "legend" }, items);
}

function notesOf(all, view) {
  const sum = (count) => all.reduce((total, one) => total + count(one), 0);
  const notes = [];
  const total = sum((one) => one.count);
  const kept = sum((one) => one.values.length);
  if (kept < total) {
    notes.push(`${whole(kept)} of ${whole(total)} points; the extremes are kept.`);
  }
  const gaps = sum((one) => one.not_finite);
  if (gaps) notes.push(counted(gaps, "value is", "values are") + " not finite: a gap.");
  const without = sum((one) => one.without_step);
  if (view.mode === "step" && without) {
    notes.push(counted(without, "point has", "points have") + " no step, and no place here.");
  }
  const low = sum((one) => one.values.filter((value) => value <= 0).length);
  if (view.log && low) {
    notes.push(counted(low, "value is", "values are") + " 0 or less: a gap on a log axis.");
  }
  return notes.join(" ");
}

function nameOfX(mode, x) {
  if (mode === "step") return "step " + x;
  if (mode === "time") return moment(x * 1000);
  return "point " + whole(x + 1);
}

function options(width, view, all, places, show) {
  const axis = {
    stroke: css("--soft"),
    font: "12px " + css("--sans"),
    grid: { stroke: css("--line"), width: 1 },
    ticks: { show: false },
  };
  const points = Math.max(...all.map((one) => one.values.length));
  return {
    width,
    height: 230,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    padding: [10, 14, 0, 0],
    cursor: {
      drag: { x: false, y: false },
      y: false,
      points: { size: 8, width: 2 },
    },
    hooks: { setCursor: [(plot) => show(plot.cursor.idx)] },
    scales: {
      x: { time: view.mode === "time", range: rangeOfX },
      y: view.log ? { distr: 3 } : { range: rangeOfY },
    },
    axes: [
      { ...axis, size: 34, space: 64, values: view.mode === "time" ? undefined : plainNumbers },
      { ...axis, size: sizeOfY, gap: 6, values: view.log ? logNumbers : plainNumbers },
    ],
    series: [
      {},
      ...all.map((one, place) => {
        const { color, dash } = styleOf(places[place]);
        const stroke = css("--c" + color);
        return {
          stroke, dash, width: all.length > 20 ? 1 : 1.75,
          points: { show: points <= 40, size: 4.5, fill: stroke, stroke, filter: isolated },
        };
      }),
    ],
  };
}

// Points between two gaps have no line: they are drawn in any case.
function isolated(plot, place, show) {
  if (show) return null;
  const column = plot.data[place];
  const found = [];
  let before = null;
  let alone = null;
  column.forEach((value, index) => {
    if (value === undefined) return;
    if (value === null && alone !== null) found.push(alone);
    alone = value !== null && before === null ? index : null;
    before = value;
  });
  return alone === null ? found : [...found, alone];
}

function rangeOfX(plot, least, most) {
  if (least === null) return [0, 1];
  return least === most ? [least - 1, most + 1] : [least, most];
}

function rangeOfY(plot, least, most) {
  if (least === null) return [0, 1];
  const margin = least === most ? Math.abs(least) * 0.1 || 1 : (most / 2 - least / 2) * 0.12;
  const bound = Number.MAX_VALUE / 4; // the chart subtracts one end of an axis from the other
  return [Math.max(-bound, least - margin), Math.min(bound, most + margin)];
}

function plainNumbers(plot, splits) {
  return splits.map((split) => (split === null ? "" : figure(Number(split.toPrecision(12)))));
}

function logNumbers(plot, splits) {
  return splits.map((split) => {
    const power = split === null ? NaN : Math.log10(split);
    return Math.abs(power - Math.round(power)) < 1e-9 ? figure(Number(split.toPrecision(3))) : "";
  });
}

function sizeOfY(plot, values) {
  const longest = (values || []).reduce((most, value) => Math.max(most, (value || "").length), 1);
  return Math.ceil(longest * 7.2) + 14;
}

function sparkline(series, place) {
  const width = 96;
  const height = 20;
  const { values, min, max } = series;
  const step = Math.max(1, Math.floor(values.length / 120));
  let path = "";
  let gap = true;
  for (let index = 0; index < values.length; index += step) {
    const value = values[index];
    if (typeof value !== "number") {
      gap = true;
      continue;
    }
    const x = values.length < 2 ? width / 2 : 2 + (index / (values.length - 1)) * (width - 4);
    const share = max === min ? 0.5 : (value / 2 - min / 2) / (max / 2 - min / 2); // no overflow
    const y = height - 2 - share * (height - 4);
    path += (gap ? "M" : "L") + x.toFixed(1) + " " + y.toFixed(1);
    if (gap) path += "l.01 0";
    gap = false;
  }
  return svg(
    "svg",
    { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg("path", { class: "c" + styleOf(place).color, d: path || "M0 0", fill: "none" }),
  );
}

// The labels of runs within one test: a region or a mock is named where there are several.
function labelsOf(data) {
  const regions = new Set(data.series.map((one) => one.region)).size > 1;
  const mocks = new Set(data.series.map((one) => one.mock)).size > 1;
  return (one) => one.run + (regions ? " · " + one.region : "") + (mocks ? ` · mock ${one.mock}` : "");
}

function curves(data, state) {
  if (!data.series.length) return [];
  const label = labelsOf(data);
  const byMetric = new Map();
  for (const one of data.series) {
    if (!byMetric.has(one.metric)) byMetric.set(one.metric, []);
    byMetric.get(one.metric).push(one);
  }
  const boxes = el("div", { class: "charts" });
  const names = [...new Set(data.series.map(label))];
  const placeOf = (one) => names.indexOf(label(one));
  const all = [...byMetric];
  const add = (from, to) => {
    for (const [metric, own] of all.slice(from, to)) {
      boxes.append(chart(metric, own, own.map(label), own.map(placeOf), metric, state));
    }
  };
  const shown = state.rows["charts"] || 12;
  add(0, shown);
  const parts = [el("h4", null, "Curves"), boxes];
  if (all.length > shown) {
    const more = el("button", { type: "button", class: "more" });
    more.textContent = "Draw the other " + whole(all.length - shown) + " charts";
    more.addEventListener("click", () => {
      state.rows["charts"] = all.length;
      add(shown, all.length);
      more.remove();
    });
    parts.push(more);
  }
  const regions = new Set(data.series.map((one) => one.region)).size > 1;
  const rows = data.series.map((one) => () => el(
    "tr",
    null,
    el("th", { scope: "row", class: "who" }, swatch(placeOf(one)), " ", one.run),
    ...(data.mocks > 1 ? [number(one.mock)] : []),
    ...(regions ? [el("td", { class: "op" }, one.region)] : []),
    el("td", { class: "who" }, one.metric),
    number(one.values.length < one.count
      ? `${whole(one.values.length)} of ${whole(one.count)}` : whole(one.count)),
    ...[one.values[0], one.values.at(-1), one.min, one.max].map((value) => number(figure(value))),
    el("td", null, sparkline(one, placeOf(one))),
  ));
  const where = regions ? "" : ` in ${data.series[0].region}`;
  const rest = data.all_series - data.series.length;
  const heads = ["Run", ...(data.mocks > 1 ? [["Mock", "n"]] : []), ...(regions ? ["Region"] : []),
    "Metric", ["Points", "n"], ["First", "n"], ["Last", "n"], ["Least", "n"], ["Greatest", "n"],
    "Shape"];
  parts.push(...table(counted(data.all_series, "series", "series") + where, heads, rows, 50,
    "series", state));
  if (rest > 0) parts.push(el("p", { class: "note" }, counted(rest, "more series is", "more series are") +
    " in the JSON report."));
  return parts;
}
