"use strict";
const at = id => document.getElementById(id);
const make = (tag, given = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given))
    if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  node.append(...inside);
  return node;
};
const SHOWN = 12;
let current = "", form = null, model = null, timer = 0, asked = null, lost = false;

async function call(path, body) {
  const headers = { accept: "application/json" };
  const key = sessionStorage.getItem("key");
  if (key) headers["x-api-key"] = key;
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) })
    .catch(() => { throw new Error("The service does not answer."); });
  const text = await answer.text();
  const content = (answer.headers.get("content-type") || "").includes("json") ? JSON.parse(text) : text;
  at("keyform").hidden = answer.status !== 401;
  if (!answer.ok) throw Object.assign(new Error(content.error || `the service answered ${answer.status}`), { status: answer.status, detail: content.detail });
  return content;
}

function notice(text) { at("notice").textContent = text; at("notice").hidden = !text; }
const number = (value, digits = 4) => value && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-6) ? value.toExponential(digits - 1) : Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toLocaleString("en") : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits });
const percent = value => `${(100 * value).toFixed(Math.abs(value) < 0.0995 ? 2 : 1)} %`;
const probable = () => form.problem !== "regression";
const scaled = value => probable() ? percent(value) : number(value);
const signed = value => (value < 0 ? "−" : "+") + scaled(Math.abs(value));

async function begin() {
  let states;
  try {
    states = (await (await fetch("ready")).json()).use_cases;
  } catch { setTimeout(begin, 3000); return notice("The service does not answer."); }
  const names = Object.keys(states);
  at("cases").replaceChildren(...names.map(name => make("a", { href: `#${name}` }, name)));
  const show = () => open(names.includes(location.hash.slice(1)) ? location.hash.slice(1) : names.find(name => states[name].ready) ?? names[0]);
  addEventListener("hashchange", show);
  await show();
}

async function open(name) {
  current = name;
  asked = null;
  for (const link of at("cases").children) link.textContent === name ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  clearInterval(timer);
  at("answer").hidden = true;
  at("empty").hidden = false;
  try {
    const given = await call(`${name}/form`);
    if (current !== name) return;
    form = given;
    notice("");
  } catch (error) {
    if (current !== name) return;
    at("case").hidden = true;
    if (!error.status) timer = setInterval(() => open(name), 3000);
    return notice(error.status === 401 ? sessionStorage.getItem("key") ? "This service refuses the key." : "This service asks for an API key." : error.message);
  }
  at("case").hidden = false;
  at("title").textContent = form.title;
  at("about").replaceChildren(...inline(form.about));
  document.title = `${name} · Lifecycle`;
  fields();
  await about(name);
  if (current !== name) return;
  live();
  timer = setInterval(() => document.hidden || at("live").hidden || live(), 2000);
}

async function about(name) {
  let found = null, words, card;
  try {
    found = await call(`${name}/model`);
    words = [`version ${found.model_version}`, found.candidate, `${found.metric} ${number(found.metrics.holdout[found.metric])}`];
    card = markdown(await call(`${name}/card`).catch(error => error.message));
  } catch (error) { words = [error.message]; card = error.message; }
  if (current !== name) return;
  model = found;
  at("model").replaceChildren(...words.map(word => make("span", {}, word)));
  at("card").replaceChildren(card);
}

function fields() {
  problems([]);
  const own = form.fields.filter(each => !each.optional), other = form.fields.filter(each => each.optional);
  at("fields").replaceChildren(...own.map(each => field(each, each.name)));
  at("optional").replaceChildren(...other.map(each => field(each, each.name)));
  at("more").hidden = !other.length;
  const spots = own.map(each => /_\d+_(\d+)$/.exec(each.name)), across = spots.every(Boolean) ? 1 + Math.max(...spots.map(spot => Number(spot[1]))) : 0;
  at("fields").classList.toggle("grid", across > 1);  // a picture's points, in their places
  at("fields").style.gridTemplateColumns = across > 1 ? `repeat(${across}, minmax(0, 1fr))` : "";
}

function field(each, id) {
  return make("div", { class: "field" }, make("label", { for: `f-${id}` }, each.name), ...control(each, `f-${id}`), make("small", { id: `f-${id}-note` }, told(each)));
}

function told(each) {
  const words = [...each.roles];
  const low = each.minimum ?? each.exclusiveMinimum, high = each.maximum ?? each.exclusiveMaximum;
  if (low !== undefined && high !== undefined) words.push(`${number(low)} to ${number(high)}`);
  else if (low !== undefined) words.push(`${each.minimum === undefined ? "more than" : "at least"} ${number(low)}`);
  else if (high !== undefined) words.push(`${each.maximum === undefined ? "less than" : "at most"} ${number(high)}`);
  if (each.nullable) words.push("may be empty");
  return words.join(" · ");
}

function control(each, id) {
  const given = { id, name: each.name, "aria-describedby": `${id}-note`, "data-type": each.type };
  const choices = each.choices?.length ? each.choices : each.type === "boolean" ? [true, false] : null;
  if (choices) {
    const options = choices.map(value => make("option", { value: JSON.stringify(value), selected: value === each.example }, String(value)));
    if (each.nullable) options.unshift(make("option", { value: "", selected: each.example === null }, "—"));
    return [make("select", { ...given, "data-choice": true }, ...options)];
  }
  if (each.type === "number" || each.type === "integer")
    return [make("input", { ...given, type: "number", step: each.type === "integer" ? 1 : "any", min: each.minimum ?? each.exclusiveMinimum, max: each.maximum ?? each.exclusiveMaximum, value: each.example, inputmode: each.type === "integer" ? "numeric" : "decimal" })];
  if (each.format === "date-time") return [make("input", { ...given, type: "datetime-local", step: 1, value: String(each.example ?? "").slice(0, 19) })];
  if (each.format === "date") return [make("input", { ...given, type: "date", value: each.example })];
  const list = each.suggestions?.length ? make("datalist", { id: `${id}-list` }, ...each.suggestions.map(value => make("option", { value }))) : "";
  return [make("input", { ...given, type: "text", value: each.example, list: list ? `${id}-list` : undefined, autocomplete: "off" }), ...(list ? [list] : [])];
}

function value(node) {
  if (node.value === "") return null;
  if ("choice" in node.dataset) return JSON.parse(node.value);
  return node.type === "number" ? Number(node.value) : node.value;
}

function row() {
  const found = {};
  for (const each of form.fields) {
    const cell = value(at(`f-${each.name}`));
    if (cell !== null || !each.optional) found[each.name] = cell;
  }
  return found;
}

function problems(list) {
  for (const node of at("form").querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
  for (const each of form.fields) { const note = at(`f-${each.name}-note`); if (note) { note.textContent = told(each); note.classList.remove("bad"); } }
  at("problem").hidden = true;
  for (const each of list) {
    const node = at(`f-${each.column}`);
    if (!node) continue;
    node.setAttribute("aria-invalid", "true");
    if (at("optional").contains(node)) at("more").open = true;
    const note = at(`f-${each.column}-note`), bounds = told({ ...form.fields.find(one => one.name === each.column), roles: [], nullable: false });
    note.textContent = each.value === null ? "a value is needed here" : each.says ? `must be ${each.says}` : bounds && /than|in_range/.test(each.rule) ? `must be ${bounds}` : `must satisfy ${each.rule}`;
    note.classList.add("bad");
  }
  at("form").querySelector("[aria-invalid]")?.focus();
}

async function predict(event) {
  event.preventDefault();
  const name = current, button = at("form").querySelector("button.primary");
  button.disabled = true;
  problems([]);
  try {
    const unread = form.fields.filter(each => { const node = at(`f-${each.name}`); return node.validity.badInput || (each.type === "integer" && node.value && !Number.isSafeInteger(Number(node.value))); });
    if (unread.length) throw Object.assign(new Error(), { detail: unread.map(each => ({ column: each.name, rule: "unread", says: `${each.type === "integer" ? "a whole number" : "a value"} that this page can read` })) });
    const rows = [row()];
    const said = await call(`${name}/predict`, { rows });
    const why = await call(`${name}/explain`, { rows }).catch(error => ({ missing: error.message }));  // the answer stands without its reasons
    if (current === name && said.model_version !== model?.model_version) await about(name);
    if (current !== name) return;
    const key = form.fields.find(each => each.roles.includes("key"));
    asked = { key: key && rows[0][key.name] !== undefined ? String(rows[0][key.name]) : said.predictions[0].id };
    show(said, why);
    live();
  } catch (error) {
    if (current !== name) return;
    at("answer").hidden = true;
    at("empty").hidden = false;
    problems(error.detail || []);
    const marked = [...at("form").querySelectorAll("[aria-invalid]")].map(node => node.name);
    at("problem").textContent = marked.length ? `Another value is needed: ${marked.slice(0, SHOWN).join(", ")}${marked.length > SHOWN ? ", …" : ""}.` : error.message;
    at("problem").hidden = false;
  } finally { button.disabled = false; }
}

function show(said, why) {
  const one = said.predictions[0];
  at("empty").hidden = true;
  at("answer").hidden = false;
  const positive = form.target?.positive, others = (form.target?.enum || []).filter(each => each !== null && each !== positive);
  const negative = typeof positive === "boolean" ? !positive : others.length === 1 ? others[0] : `not ${positive}`;
  const words = form.problem === "binary" ? `${form.target.name}: ${one.prediction === 1 ? positive : negative}`
    : form.problem === "clustering" ? `cluster ${one.prediction}`
    : form.problem === "regression" ? `${form.target?.name ?? "prediction"}: ${number(one.prediction, 5)}` : `${form.target?.name ?? "prediction"}: ${one.prediction}`;
  at("verdict").replaceChildren(words, make("small", {}, `says version ${said.model_version}${one.probability === undefined ? "" : ` with a probability of ${percent(one.probability)}${form.problem === "binary" ? ` for ${form.target.positive}` : ""}`}`));
  const barred = one.probability !== undefined, cut = form.problem === "binary" ? model?.threshold : null;
  at("meter").hidden = !barred;
  at("fill").style.width = barred ? `${100 * one.probability}%` : "0";
  at("cut").hidden = typeof cut !== "number";
  at("cut").style.left = `${100 * (cut ?? 0)}%`;
  at("meternote").hidden = typeof cut !== "number";
  at("meternote").textContent = typeof cut === "number" ? `From ${percent(cut)} on the model decides for ${form.target.positive}.` : "";
  const next = Object.entries(one.probabilities || {}).filter(([name]) => name !== String(one.prediction)).sort((a, b) => b[1] - a[1]).slice(0, 3);
  if (next.length) { at("meternote").hidden = false; at("meternote").textContent = `Next: ${next.map(([name, share]) => `${name} with ${percent(share)}`).join(", ")}.`; }
  reasons(why.missing || why.model_version === said.model_version ? why : { missing: `version ${why.model_version} has taken over meanwhile, ask again` });
  truth();
  const { top, bottom } = at("verdict").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) at("answertitle").scrollIntoView({ block: "start" });
}

function reasons(why) {
  at("reasons").hidden = Boolean(why.missing);
  if (why.missing) { at("sum").textContent = `No reasons for this answer: ${why.missing}`; return; }
  const shown = why.contributions.length === SHOWN + 1 ? SHOWN + 1 : SHOWN, listed = why.contributions.slice(0, shown), rest = why.contributions.slice(shown);
  if (rest.length) listed.push({ input: `${rest.length} more`, value: "", contribution: rest.reduce((sum, each) => sum + each.contribution, 0) });
  let reached = why.base, low = Math.min(why.base, why.output), high = Math.max(why.base, why.output);
  const steps = listed.map(each => { const from = reached; reached += each.contribution; low = Math.min(low, reached); high = Math.max(high, reached); return [from, reached]; });
  const span = (high - low) || 1, place = x => 100 * (x - low) / span;
  const bar = (from, to, kind) => {
    const piece = make("span", { class: kind });
    piece.style.left = `${Math.min(place(from), place(to))}%`;
    piece.style.width = kind === "edge" ? "" : `${Math.abs(place(to) - place(from))}%`;
    return make("div", { class: "bar", "aria-hidden": "true" }, piece);
  };
  const total = (name, x) => make("tr", { class: "total" }, make("th", { scope: "row" }, name), make("td"), make("td", {}, bar(x, x, "edge")), make("td", { class: "number" }, scaled(x)));
  const rows = listed.map((each, i) => make("tr", {},
    make("th", { scope: "row" }, ...breakable(each.input)), make("td", {}, each.value === null ? "—" : typeof each.value === "number" ? number(each.value) : short(String(each.value))),
    make("td", {}, bar(...steps[i], each.contribution < 0 ? "less" : "more")),
    make("td", { class: `number ${each.contribution < 0 ? "less-text" : "more-text"}` }, signed(each.contribution))));
  at("parts").replaceChildren(total("average", why.base), ...rows, total("this row", why.output));
  const added = why.base + why.contributions.reduce((sum, each) => sum + each.contribution, 0);
  const start = form.problem === "clustering" ? `Of the training rows ${percent(why.base)} are in this cluster, this row is.`
    : `The ${why.scale} is ${scaled(why.base)} on average over training rows, ${scaled(why.output)} for this row.`;
  at("sum").textContent = `${start} What each input adds${probable() ? ", in percentage points," : ""} is listed, and adds up${Math.abs(added - why.output) < 1e-6 * Math.max(1, Math.abs(why.output)) ? "" : " (not quite: reload the page)"}.`;
}

function truth() {
  at("truth").hidden = !form.target;
  at("thanks").textContent = "";
  if (!form.target) return;
  const kind = Array.isArray(form.target.type) ? form.target.type[0] : form.target.type;
  at("targetfield").replaceChildren(...control({ ...form.target, type: kind, choices: (form.target.enum || []).filter(each => each !== null), nullable: true, example: null }, "target"));
  at("target").removeAttribute("aria-describedby");
}

async function tell(event) {
  event.preventDefault();
  if (value(at("target")) === null) { at("thanks").textContent = "Choose it first."; return at("target").focus(); }
  try {
    await call(`${current}/labels`, { labels: [{ key: asked.key, target: value(at("target")) }] });
    at("thanks").textContent = "Kept.";
  } catch (error) { at("thanks").textContent = error.message; }
}

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
  const buckets = mine.filter(each => each.name === "request_seconds_bucket" && each.labels.route === "predict");
  const within = share => { const edge = quantile(buckets, share); return edge === null ? "—" : Number.isFinite(edge) ? `≤ ${number(1000 * edge)} ms` : "> 10 s"; };
  const tiles = [
    ["predictions asked for", number(sum("requests_total", labels => labels.route === "predict"))], ["rows predicted", number(sum("rows_total"))],
    ["half are answered in", within(0.5)], ["99 % are answered in", within(0.99)],
    ["cells refused", number(sum("rows_rejected_total"))], ["labels taken", number(sum("labels_total"))],
    ["waiting to be logged", number(sum("journal_rows_waiting"))], ["lost by the log", number(sum("journal_rows_dropped")), sum("journal_rows_dropped") > 0],
    ["models swapped in", number(sum("swaps_total"))], ["swaps that failed", number(sum("swap_failures_total")), sum("swap_failures_total") > 0],
  ];
  at("tiles").replaceChildren(...tiles.map(([name, text, bad]) => make("div", {}, make("dt", {}, name), make("dd", { class: bad ? "bad" : undefined }, text))));
  drift(mine, sum("input_rows"));
}

function drift(mine, rows) {
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

function inline(source) {
  return source.split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|`[^`]+`)/).map(piece => /^\*\*.+\*\*$/.test(piece) ? make("strong", {}, piece.slice(2, -2))
    : /^\*.+\*$/.test(piece) ? make("em", {}, piece.slice(1, -1)) : /^`.+`$/.test(piece) ? make("code", {}, piece.slice(1, -1)) : piece);
}

const short = text => text.length > 80 ? `${text.slice(0, 80)}…` : text;
const breakable = name => short(name).split(/(?<=_)/).flatMap((part, i) => i ? [make("wbr"), part] : [part]);

function markdown(text) {
  const out = document.createDocumentFragment();
  const cells = source => source.replace(/^\||\|$/g, "").split("|").map(each => each.trim());
  for (const block of text.split(/\n\s*\n/)) {
    const fenced = /^```\w*\n([^]*?)\n```$/.exec(block.trim());
    if (fenced) { out.append(make("pre", {}, fenced[1])); continue; }
    const lines = block.split("\n").filter(each => each.trim());
    if (!lines.length) continue;
    const heading = /^(#+) (.*)$/.exec(lines[0]);
    if (heading) { out.append(make(`h${Math.min(heading[1].length, 4)}`, {}, ...inline(heading[2]))); lines.shift(); }
    if (!lines.length) continue;
    if (lines[0].startsWith("|")) {
      const body = lines.filter(each => !/^\|[\s:|-]+\|$/.test(each)).map(each => cells(each));
      const [head, ...rest] = body;
      out.append(make("table", {}, make("thead", {}, make("tr", {}, ...head.map(each => make("th", { scope: "col" }, ...inline(each))))), make("tbody", {}, ...rest.map(each => make("tr", {}, ...each.map(cell => make("td", {}, ...inline(cell))))))));
    } else if (/^[-*] /.test(lines[0])) out.append(make("ul", {}, ...lines.map(each => make("li", {}, ...inline(each.replace(/^[-*] /, ""))))));
    else out.append(make("p", {}, ...inline(lines.join(" "))));
  }
  return out;
}

function tabs() {
  const list = [...document.querySelectorAll("[role=tab]")];
  const choose = tab => {
    for (const each of list) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      at(each.getAttribute("aria-controls")).hidden = each !== tab;
    }
  };
  list.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", event => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      const next = list[(i + (event.key === "ArrowRight" ? 1 : list.length - 1)) % list.length];
      choose(next);
      next.focus();
    });
  });
}

at("form").addEventListener("submit", predict);
at("form").addEventListener("reset", event => { event.preventDefault(); fields(); });
at("truth").addEventListener("submit", tell);
at("keyform").addEventListener("submit", event => {
  event.preventDefault();
  const key = at("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) return notice("This is no key.");
  sessionStorage.setItem("key", key);
  at("problem").hidden = true;
  at("case").hidden ? open(current) : live();
});
document.querySelector(".skip").addEventListener("click", event => { event.preventDefault(); at("main").focus(); });
tabs();
begin();
