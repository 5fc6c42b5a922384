// The content of a test, made when the test is opened.

function contentOf(test, data, link, state) {
  return [
    el("div", { class: "head" },
      el("h3", { class: test.length > 200 ? null : "unseen" }, test),
      el("a", { class: "link", href: link, "data-key": "link" }, "Link to this test")),
    ...failure(data),
    ...subtests(data),
    ...blocked(data),
    ...curves(data, state),
    ...callsOf(data, state),
    ...rejected(data, state),
    ...faults(data, state),
    ...events(data, state),
    ...settings(data, state),
    ...nothing(data),
  ];
}

function failure(data) {
  return data.failure ? [el("h4", null, "Failure"), failureText(data.failure, "Failure")] : [];
}

// Lines of pytest that begin with E are the error itself.
function failureText(text, name) {
  const pre = el("pre", { class: "failure", tabindex: "0", role: "group", "aria-label": name });
  text.split("\n").forEach((line, index) => {
    if (index) pre.append("\n");
    pre.append(line.startsWith("E ") ? el("b", null, line) : line);
  });
  return pre;
}

function subtests(data) {
  if (!data.subtests.length) return [];
  const items = data.subtests.map(([description, outcome, text]) =>
    el("li", { class: outcome },
      el("span", { class: "o" }, el("i", { "aria-hidden": "true" }, SIGNS[outcome] || "?"), " ", outcome),
      " ", description, text ? failureText(text, "Failure of " + description) : null));
  return [el("h4", null, "Subtests"), el("ul", { class: "subtests" }, items)];
}

const SIGNS = { passed: "✓", failed: "✗", skipped: "-", xfailed: "x", xpassed: "X", error: "!" };

function blocked(data) {
  if (!data.blocked.length) return [];
  return [
    el("h4", null, "Blocked calls, outside a mock"),
    el("ul", { class: "plain" }, data.blocked.map((line) => el("li", null, line))),
  ];
}

function rejected(data, state) {
  if (!data.rejected.length) return [];
  const mocks = data.mocks > 1;
  const rows = data.rejected.map((one) => () => el(
    "tr",
    null,
    number(offset(one.at)),
    ...(mocks ? [number(one.mock)] : []),
    el("td", { class: "who" }, one.run),
    el("td", { class: "who" }, one.metric),
    number(one.step === null ? "–" : one.step),
    number(figure(one.value)),
    el("td", { class: "op" }, el("code", null, one.code)),
    el("td", { class: "long" }, one.reason),
    el("td", { class: "long" }, ruleOf(one)),
  ));
  const heads = [["Time", "n"], ...(mocks ? [["Mock", "n"]] : []), "Run", "Metric", ["Step", "n"],
    ["Value", "n"], "Code", "Reason", "Rule"];
  const caption = counted(data.all_rejected, "metric was", "metrics were") + " not stored";
  const parts = [el("h4", null, "Rejected metrics"),
    ...table(caption, heads, rows, 100, "rejected", state)];
  if (data.all_rejected > data.rejected.length) {
    parts.push(el("p", { class: "note" },
      `The first ${whole(data.rejected.length)} are in this page; the JSON report has all.`));
  }
  return parts;
}

function ruleOf(one) {
  if (one.injected) return [el("span", { class: "tag" }, "injected"), " by a fault"];
  return [
    el("code", null, one.rule || "–"), " ",
    one.provenance ? el("span", { class: "tag " + one.provenance }, one.provenance) : null,
    one.source ? el("small", null, one.source) : null,
  ];
}

function faults(data, state) {
  if (!data.faults.length) return [];
  const mocks = data.mocks > 1;
  const rows = data.faults.map((one) => () => el(
    "tr",
    null,
    ...(mocks ? [number(one.mock)] : []),
    el("td", null, el("code", null, one.description)),
    number(one.hits === 0 ? "0, never fired" : whole(one.hits)),
    number(whole(one.matches)),
  ));
  const heads = [...(mocks ? [["Mock", "n"]] : []), "Fault", ["Hits", "n"], ["Matches", "n"]];
  return [el("h4", null, "Injected faults"),
    ...table(counted(data.faults.length, "fault"), heads, rows, 100, "faults", state)];
}

function events(data, state) {
  if (!data.all_events && !data.trails.length) return [];
  const parts = [el("h4", null, "CloudTrail")];
  if (data.trails.length) {
    parts.push(el("ul", { class: "plain" }, data.trails.map((line) => el("li", null, line))));
  }
  if (data.events.length) {
    parts.push(folded(counted(data.all_events, "event"), "events", state, () => [
      ...data.events.map((event, index) =>
        folded(titleOf(event), "event-" + index, state, () => [
          el("pre", { tabindex: "0", role: "group", "aria-label": "Event " + (index + 1) },
            JSON.stringify(event, null, 2)),
        ])),
      ...(data.all_events > data.events.length ? [el("p", { class: "note" },
        `The first ${whole(data.events.length)} are in this page; the JSON report has all.`)] : []),
    ]));
  }
  return parts;
}

function titleOf(event) {
  const error = event.errorCode ? " " + event.errorCode : "";
  return `${event.eventTime || ""} ${event.eventName || "event"}${error}`;
}

function settings(data, state) {
  if (!data.settings.length) return [];
  const mocks = data.mocks > 1;
  const rows = data.settings.map(([mock, name, value, usual]) => () => el(
    "tr",
    null,
    ...(mocks ? [number(mock)] : []),
    el("th", { scope: "row" }, el("code", null, name)),
    el("td", null, el("code", null, value)),
    el("td", null, el("code", null, usual)),
  ));
  const heads = [...(mocks ? [["Mock", "n"]] : []), "Setting", "Value", "Default"];
  return [el("h4", null, "Settings"),
    ...table("Settings that differ from the defaults", heads, rows, 100, "settings", state)];
}

function nothing(data) {
  const seen = data.calls.length + data.series.length + data.faults.length + data.blocked.length;
  return seen || data.failure ? [] : [el("p", { class: "note" }, "The mock saw no call.")];
}
