"use strict";
// The answer: what the model says, why, and what was true.
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
    const why = said.predictions[0].items ? {} : await call(`${name}/explain`, { rows }).catch(error => ({ missing: error.message }));  // the answer stands without its reasons
    if (current === name && said.model_version !== model?.model_version) await about(name);
    if (current !== name) return;
    const key = form.fields.find(each => each.roles.includes("key"));
    asked = { key: key && rows[0][key.name] !== undefined ? String(rows[0][key.name]) : said.predictions[0].id };
    said.predictions[0].items ? shown(said, rows[0]) : show(said, why);
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

function shown(said, row) {
  at("empty").hidden = true;
  at("answer").hidden = false;
  list(said.predictions[0], said, row);
}

function show(said, why) {
  const one = said.predictions[0];
  at("empty").hidden = true;
  at("answer").hidden = false;
  at("list").hidden = true;
  for (const name of ["why", "sum"]) at(name).hidden = false;
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
  sure(one, { 0: negative, 1: positive });
  reasons(why.missing || why.model_version === said.model_version ? why : { missing: `version ${why.model_version} has taken over meanwhile, ask again` });
  truth();
  const { top, bottom } = at("verdict").getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) at("answertitle").scrollIntoView({ block: "start" });
}

function sure(one, names) {
  const share = typeof model?.coverage === "number" ? `${Number((100 * model.coverage).toPrecision(4))} %` : "most";
  const left = (one.set || []).map(each => form.problem === "binary" ? `${names[each]}` : each);
  at("sure").textContent = one.low !== undefined ? `The truth lies between ${number(one.low)} and ${number(one.high)} for ${share} of rows.`
    : left.length ? `${left.length === 1 ? `All but ${left[0]} is ruled out` : left.length === 2 ? `Neither ${left[0]} nor ${left[1]} can be ruled out` : `${left.slice(0, -1).join(", ")} and ${left.at(-1)} cannot be ruled out`}: for ${share} of the rows of each class the truth is among what is left.` : "";
  at("sure").hidden = !at("sure").textContent;
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
    make("th", { scope: "row" }, ...breakable(each.input)), make("td", {}, each.picture ? make("img", { class: "preview", src: `data:image/png;base64,${each.picture}`, alt: "the image: red speaks for the answer, blue against it" }) : each.value === null ? "—" : typeof each.value === "number" ? number(each.value) : short(String(each.value))),
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
