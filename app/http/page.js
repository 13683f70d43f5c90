"use strict";
// The page of the service: which use case is shown, and who listens to whom. It loads nothing from elsewhere.
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
  table();
  await about(name);
  if (current !== name) return;
  promised(name);
  live();
  timer = setInterval(() => document.hidden || at("live").hidden || live(), 2000);
}

async function about(name) {
  let found = null, words, card;
  try {
    found = await call(`${name}/model`);
    words = [`version ${found.model_version} answers`, `a model of the family ${found.candidate}`, `${found.metric} ${number(found.metrics.holdout[found.metric], 3)} on rows it had not seen`];
    card = markdown(await call(`${name}/card`).catch(error => error.message));
  } catch (error) { words = []; card = error.message; at("nonewhy").textContent = `${error.message}.`; }
  if (current !== name) return;
  model = found;
  at("none").hidden = Boolean(found);
  for (const id of ["asking", "several"]) at(id).hidden = !found;
  at("nonelink").href = name;
  at("model").replaceChildren(...words.map(word => make("span", {}, word)));
  at("card").replaceChildren(card);
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
