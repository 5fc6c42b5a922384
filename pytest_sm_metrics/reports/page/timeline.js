// Calls: a strip over time, and a table. The shape of a mark says the outcome, and so does its color.

const KINDS = {
  ok: "accepted",
  partial: "partly rejected",
  failed: "failed",
  lost: "no answer",
};
const LANES = 12;

function mark(kind, x, y) {
  const r = 4.5;
  const shapes = {
    ok: () => svg("circle", { cx: x, cy: y, r }),
    partial: () => svg("path", { d: `M${x} ${y - r - 1}l${r + 1} ${r + 1}l-${r + 1} ${r + 1}l-${r + 1} -${r + 1}z` }),
    failed: () => svg("path", { class: "stroke", d: `M${x - r} ${y - r}l${2 * r} ${2 * r}m0 -${2 * r}l-${2 * r} ${2 * r}` }),
    lost: () => svg("rect", { class: "stroke", x: x - r + 0.5, y: y - r + 0.5, width: 2 * r - 1, height: 2 * r - 1 }),
  };
  return fill(shapes[kind](), { "data-kind": kind }, []);
}

function sign(kind) {
  return svg(
    "svg",
    { class: "sign", width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" },
    mark(kind, 7, 7),
  );
}

function strip(data) {
  const calls = data.calls;
  const last = calls.reduce((most, one) => Math.max(most, one.at), 0);
  const names = [...new Set(calls.map((one) => one.run || one.names))];
  const lanes = names.length <= LANES ? names : ["all runs"];
  const laneOf = (one) => (lanes.length === names.length ? names.indexOf(one.run || one.names) : 0);
  const lane = 24;
  const height = lanes.length * lane + 26;
  const across = (at) => (last ? (at / last) * 100 : 0).toFixed(3) + "%";
  const parts = [];
  const axis = lanes.length * lane + 4;
  for (const at of ticks(last)) {
    const x = across(at);
    parts.push(
      svg("line", { class: "tick", x1: x, x2: x, y1: 0, y2: axis }),
      svg("text", { x, y: axis + 16, "text-anchor": at ? "middle" : "start" }, at ? tickText(at) : "0"),
    );
  }
  lanes.forEach((name, place) => {
    const y = place * lane + lane / 2;
    parts.push(svg("line", { class: "lane", x1: "0%", x2: "100%", y1: y, y2: y }));
  });
  for (const one of calls) {
    const node = svg("svg", { x: across(one.at), y: laneOf(one) * lane + lane / 2, overflow: "visible" },
      mark(one.kind, 0, 0));
    const attempt = one.attempt > 1 ? ` (attempt ${one.attempt})` : "";
    node.append(svg("title", null, `${offset(one.at)} ${one.operation}${attempt}: ${one.ending}`));
    parts.push(node);
  }
  const counts = Object.keys(KINDS)
    .map((kind) => [kind, calls.filter((one) => one.kind === kind).length])
    .filter(([, count]) => count);
  const said = counts.map(([kind, count]) => `${count} ${KINDS[kind]}`).join(", ");
  return [
    el("ul", { class: "legend" }, counts.map(([kind, count]) =>
      el("li", null, sign(kind), el("span", null, `${whole(count)} ${KINDS[kind]}`)))),
    el(
      "div",
      { class: "strip" },
      el("div", { class: "lanes", "aria-hidden": "true" },
        lanes.map((name) => el("span", null, name || "–"))),
      svg(
        "svg",
        { height, role: "img",
          "aria-label": `Calls over time: ${said}. The table has each of them.` },
        parts,
      ),
    ),
  ];
}

function ticks(last) {
  if (!last) return [0];
  const rough = last / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let at = 0; at <= last * 1.0001; at += step) found.push(at);
  return found;
}

function tickText(milliseconds) {
  if (milliseconds < 1000) return figure(Number(milliseconds.toPrecision(6))) + " ms";
  if (milliseconds < 600000) return figure(Number((milliseconds / 1000).toPrecision(6))) + " s";
  return figure(Number((milliseconds / 60000).toPrecision(6))) + " min";
}

function callsOf(data, state) {
  if (!data.calls.length) return [];
  const some = (test) => data.calls.some(test);
  const regions = new Set(data.calls.map((one) => one.region)).size > 1;
  const columns = [
    ["Time", "n", (one) => offset(one.at)],
    data.mocks > 1 && ["Mock", "n", (one) => one.mock],
    ["Operation", "op", (one) => one.operation],
    ["Run", "who", (one) => one.run || one.names],
    regions && ["Region", "op", (one) => one.region],
    ["Metrics", "who", (one) => one.items],
    some((one) => one.attempt > 1) && ["Attempt", "n", (one) => one.attempt],
    ["Outcome", "outcome", outcomeOf],
    some((one) => one.faults.length) && ["Faults", "long", (one) => lines(one.faults)],
    some((one) => one.from) && ["From", "op", (one) => one.from],
  ].filter(Boolean);
  const rows = data.calls.map((one) => () => el("tr", { class: one.kind },
    columns.map(([, kind, content]) => el("td", { class: kind || null }, content(one)))));
  const where = regions ? "" : ` in ${data.calls[0].region}`;
  const caption = counted(data.all_calls, "call") + where +
    (data.began ? `; the first at ${data.began.slice(11, 23)} UTC` : "");
  const notes = [];
  if (data.calls_before) {
    notes.push(`${counted(data.calls_before, "call")} reached the mock before this test.`);
  }
  if (data.all_calls > data.calls.length) {
    notes.push(`${whole(data.calls.length)} of ${counted(data.all_calls, "call")} are in this ` +
      "page; the JSON report has all.");
  }
  return [
    el("h4", null, "Calls"),
    ...strip(data),
    ...table(caption, columns.map(([head, kind]) => [head, kind]), rows, 200, "calls", state),
    ...notes.map((text) => el("p", { class: "note" }, text)),
  ];
}

function outcomeOf(one) {
  return el("span", null, sign(one.kind), el("span", { class: "unseen" }, KINDS[one.kind] + ": "),
    one.ending, one.unanswered.map((line) => el("small", null, line)));
}

function lines(texts) {
  return texts.map((text) => el("code", { class: "line" }, text));
}
