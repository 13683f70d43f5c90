"use strict";
// The live numbers, from the metrics.
const ENOUGH = 100;
let quality = [];
function parsed(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const match = /^lifecycle_(\w+?)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, label] of (match[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = label.replace(/\\(.)/g, (_, sign) => sign === "n" ? "\n" : sign);
    found.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return found;
}

function quantile(buckets, share) {
  const whole = buckets.at(-1)?.value || 0;
  if (!whole) return null;
  return Number((buckets.find(each => each.value >= share * whole) || {}).labels?.le);
}

async function live() {
  let all;
  try { all = parsed(await call("metrics")); }
  catch (error) { lost = true; return notice(error.status === 401 ? "This service asks for an API key." : `${error.message} What is shown below is old.`); }
  if (lost) { lost = false; notice(""); }
  const mine = all.filter(each => each.labels.use_case === current);
  const sum = (name, fits = () => true) => mine.filter(each => each.name === name && fits(each.labels)).reduce((total, each) => total + each.value, 0);
  const versions = mine.filter(each => each.name === "model" && each.value > 0).map(each => each.labels.version);
  if (versions.length && !versions.includes(model?.model_version)) about(current);
  const answered = sum("answer_seconds_count", labels => labels.route === "predict");
  const buckets = mine.filter(each => each.name === "answer_seconds_bucket" && each.labels.route === "predict");
  const within = share => { if (answered < ENOUGH) return `from ${ENOUGH} requests on`; const edge = quantile(buckets, share); return edge === null ? "—" : Number.isFinite(edge) ? `≤ ${number(1000 * edge)} ms` : "> 10 s"; };
  const tiles = [
    ...quality,
    ["requests for predictions", number(sum("requests_total", labels => labels.route === "predict"))], ["rows predicted", number(sum("rows_total"))],
    ["half are answered within", within(0.5)], ["99 of 100 are answered within", within(0.99)],
    ["invalid values", number(sum("rows_rejected_total"))], ["labels taken", number(sum("labels_total"))],
    ["log entries waiting", number(sum("journal_rows_waiting"))], ["log entries lost", number(sum("journal_rows_dropped")), sum("journal_rows_dropped") > 0],
    ["models loaded", number(sum("swaps_total"))], ["failed model loads", number(sum("swap_failures_total")), sum("swap_failures_total") > 0],
  ];
  at("tiles").replaceChildren(...tiles.map(([name, text, bad]) => make("div", {}, make("dt", {}, name), make("dd", { class: [bad && "bad", text.length > 12 && "words"].filter(Boolean).join(" ") || undefined }, text))));
  drift(mine, sum("input_rows"));
}

// What was promised and what is, from rows whose truth came later: it changes with the lake, not with each request.
async function promised(name) {
  quality = [];
  const state = (await call(`${name}/overview.json`).catch(() => null))?.state;
  if (current !== name || !state) return;
  if (state.promise) quality.push([`${state.promise.metric} promised`, number(state.promise.value, 3)]);
  if (state.live) quality.push([`${state.live.metric} live, on ${number(state.live.rows)} rows${state.live.worse ? ": worse" : ""}`, number(state.live.value, 3), state.live.worse]);
  else if (state.promise && form.target) quality.push(["live quality", "no labels yet"]);
}

function drift(mine, rows) {
  if (rows < ENOUGH) {
    at("drift").hidden = true;
    at("driftnote").textContent = `${rows ? number(rows) : "No"} ${rows === 1 ? "row" : "rows"} so far since this version went live: drift is told from ${ENOUGH} rows on.`;
    return;
  }
  const limits = Object.fromEntries(mine.filter(each => each.name === "input_psi_limit").map(each => [each.labels.column, each.value]));
  const found = mine.filter(each => each.name === "input_psi").sort((one, other) => other.value / limits[other.labels.column] - one.value / limits[one.labels.column]).slice(0, SHOWN);
  at("drift").hidden = !found.length;
  at("driftnote").textContent = found.length ? `From ${number(rows)} ${rows === 1 ? "row" : "rows"} since this version went live; the line is what chance alone would do.` : "Nothing has been asked since this version went live.";
  at("drift").tBodies[0].replaceChildren(...found.map(each => {
    const limit = limits[each.labels.column], piece = make("span", { class: each.value > limit ? "more" : "plain" }), edge = make("span", { class: "edge" });
    piece.style.width = `${Math.min(each.value / limit / 2, 1) * 100}%`;
    edge.style.left = "50%";
    return make("tr", {}, make("th", { scope: "row" }, ...breakable(each.labels.column)), make("td", {}, make("div", { class: "bar", "aria-hidden": "true" }, piece, edge)), make("td", { class: "number" }, number(each.value, 3)), make("td", { class: "number" }, number(limit, 3)));
  }));
}
