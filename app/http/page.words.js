"use strict";
// Words and nodes: what the other files of the page are made of.
const at = id => document.getElementById(id);
const make = (tag, given = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given))
    if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  node.append(...inside);
  return node;
};

const number = (value, digits = 4) => value && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-6) ? value.toExponential(digits - 1) : Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toLocaleString("en") : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits });
const percent = value => `${(100 * value).toFixed(Math.abs(value) < 0.0995 ? 2 : 1)} %`;
const probable = () => form.problem !== "regression";
const scaled = value => probable() ? percent(value) : number(value);
const signed = value => (value < 0 ? "−" : "+") + scaled(Math.abs(value));

// A sign after a backslash stands for itself: it waits in a place of its own until the marks around it are read.
const shielded = source => source.replace(/\\([!-/:-@[-`{-~])/g, (_, sign) => String.fromCharCode(0xe000 + sign.charCodeAt(0)));
const unshielded = (text, before = "") => text.replace(/[\ue021-\ue07e]/g, sign => before + String.fromCharCode(sign.charCodeAt(0) - 0xe000));

function inline(source) {
  return shielded(source).split(/(\*\*[^*]+\*\*|\*[^*\s][^*]*\*|`[^`]+`)/).map(piece => /^\*\*.+\*\*$/.test(piece) ? make("strong", {}, unshielded(piece.slice(2, -2)))
    : /^\*.+\*$/.test(piece) ? make("em", {}, unshielded(piece.slice(1, -1))) : /^`.+`$/.test(piece) ? make("code", {}, unshielded(piece.slice(1, -1), "\\")) : unshielded(piece));
}

const short = text => text.length > 80 ? `${text.slice(0, 80)}…` : text;
const breakable = name => short(name).split(/(?<=_)/).flatMap((part, i) => i ? [make("wbr"), part] : [part]);

function markdown(text) {
  const out = document.createDocumentFragment();
  const cells = source => source.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map(each => each.trim());
  for (const block of text.split(/\n\s*\n/)) {
    const fenced = /^```\w*\n([^]*?)\n```$/.exec(block.trim());
    if (fenced) { out.append(make("pre", {}, fenced[1])); continue; }
    const lines = block.split("\n").filter(each => each.trim());
    if (!lines.length) continue;
    const heading = /^(#+) (.*)$/.exec(lines[0]);
    if (heading) { out.append(make(`h${Math.min(heading[1].length, 4)}`, {}, ...inline(heading[2]))); lines.shift(); }
    if (!lines.length) continue;
    if (lines[0].startsWith("|")) {
      const body = lines.filter(each => !/^\|[\s:|-]*-[\s:|-]*\|$/.test(each)).map(each => cells(each));
      const [head, ...rest] = body;
      out.append(make("table", {}, make("thead", {}, make("tr", {}, ...head.map(each => make("th", { scope: "col" }, ...inline(each))))), make("tbody", {}, ...rest.map(each => make("tr", {}, ...each.map(cell => make("td", {}, ...inline(cell))))))));
    } else if (/^[-*] /.test(lines[0])) out.append(make("ul", {}, ...lines.map(each => make("li", {}, ...inline(each.replace(/^[-*] /, ""))))));
    else out.append(make("p", {}, ...inline(lines.join(" "))));
  }
  return out;
}
