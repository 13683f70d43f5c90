"use strict";
// The form: a field for each column, what is wrong with it, and the row that is in it.
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
  return make("div", { class: each.input === "area" ? "field area" : "field" }, make("label", { for: `f-${id}` }, each.name), ...control(each, `f-${id}`), make("small", { id: `f-${id}-note` }, told(each)));
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
  if (each.input === "image") {
    const shown = make("img", { class: "preview", alt: "", hidden: true }), node = make("input", { ...given, type: "file", accept: "image/*" });
    node.addEventListener("change", () => {
      const reader = new FileReader();
      delete node.dataset.bytes;
      shown.hidden = true;
      reader.addEventListener("load", () => { node.dataset.bytes = String(reader.result).split(",", 2)[1] ?? ""; shown.src = reader.result; shown.hidden = false; });
      if (node.files[0]) reader.readAsDataURL(node.files[0]);
    });
    return [node, shown];
  }
  if (each.input === "area") return [make("textarea", { ...given, rows: 6, required: !each.nullable }, String(each.example ?? ""))];
  const list = each.suggestions?.length ? make("datalist", { id: `${id}-list` }, ...each.suggestions.map(value => make("option", { value }))) : "";
  return [make("input", { ...given, type: "text", value: each.example, list: list ? `${id}-list` : undefined, autocomplete: "off" }), ...(list ? [list] : [])];
}

function value(node) {
  if (node.type === "file") return node.dataset.bytes ?? null;
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
