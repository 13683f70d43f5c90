"use strict";
// What the pages of the service need beside HTML: a key where one is asked for, and the buttons of a decision.
const headers = () => { const key = sessionStorage.getItem("key"); return key ? { "x-api-key": key } : {}; };

// A link of before the overview: what stands behind the # was the use case whose form is wanted.
const old = document.querySelector("header a[href$='ask']");
if (old && location.hash && /^#[a-z][a-z0-9_]*$/.test(location.hash) && document.title === "Lifecycle") location.replace(old.getAttribute("href") + location.hash);

async function whole() {
  const said = document.getElementById("said");
  const answer = await fetch(location.href, { headers: headers() }).catch(() => null);
  if (!answer) return said && (said.textContent = "The service does not answer.");
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (found.querySelector("main[data-shell]")) return said && (said.textContent = sessionStorage.getItem("key") ? "This service refuses the key." : "");
  document.title = found.title;
  document.querySelector("main").replaceWith(found.querySelector("main"));
  listen();
}

function listen() {
  for (const form of document.querySelectorAll("form.decide[data-to]")) form.addEventListener("submit", decide);
}

async function decide(event) {
  event.preventDefault();
  const form = event.target, said = form.querySelector(".said"), given = new FormData(form);
  const body = { version: Number(form.dataset.version), decision: event.submitter.value, reason: given.get("reason") };
  if (given.has("by")) body.by = given.get("by");
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  said.textContent = "Deciding…";
  const answer = await fetch(form.dataset.to, { method: "POST", headers: { ...headers(), "content-type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  const found = answer ? await answer.json().catch(() => ({})) : { error: "The service does not answer." };
  if (answer && answer.ok) { said.textContent = "Done."; return document.querySelector("main[data-shell]") ? whole() : sessionStorage.getItem("key") ? whole() : location.reload(); }
  said.textContent = found.error || "The service failed at this.";
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}

if (document.querySelector("main[data-shell]")) {
  document.getElementById("keyform").addEventListener("submit", event => {
    event.preventDefault();
    const key = document.getElementById("key").value.trim();
    if (!/^[\x21-\x7e]+$/.test(key)) { document.getElementById("said").textContent = "This is no key."; return; }
    sessionStorage.setItem("key", key);
    whole();
  });
  if (sessionStorage.getItem("key")) whole();
} else listen();
