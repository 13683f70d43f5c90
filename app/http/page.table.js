"use strict";
// Several rows from a CSV file, and their answers as one. The service reads the cells, as it reads those of any request.
const PIECE = 2000;

// The rows of a CSV (RFC 4180), separated by what its first line has most of.
function parsedCsv(text) {
  const source = text.replace(/^\ufeff/, ""), head = source.split(/\r?\n/, 1)[0];
  const mark = [",", ";", "\t"].sort((one, other) => head.split(other).length - head.split(one).length)[0];
  const rows = [];
  let row = [], cell = "", quoted = false;
  for (let i = 0; i < source.length; i++) {
    const sign = source[i];
    if (quoted) { if (sign !== "\"") cell += sign; else if (source[i + 1] === "\"") { cell += sign; i++; } else quoted = false; }
    else if (sign === "\"" && !cell) quoted = true;
    else if (sign === mark) { row.push(cell); cell = ""; }
    else if (sign === "\n") { row.push(cell.replace(/\r$/, "")); rows.push(row); row = []; cell = ""; }
    else cell += sign;
  }
  if (cell || row.length) { row.push(cell.replace(/\r$/, "")); rows.push(row); }
  return { mark, rows: rows.filter(each => each.some(Boolean)) };
}

const written = (rows, mark) => rows.map(row => row.map(cell => { const text = cell === null || cell === undefined ? "" : typeof cell === "object" ? JSON.stringify(cell) : String(cell); return /["\r\n]/.test(text) || text.includes(mark) ? `"${text.replaceAll("\"", "\"\"")}"` : text; }).join(mark)).join("\r\n") + "\r\n";

function offered(node, text, name) {
  if (node.href.startsWith("blob:")) URL.revokeObjectURL(node.href);
  node.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  node.download = name;
}

// What a use case asks of a file, and an example of it.
function table() {
  at("csv").value = "";
  at("csvsaid").textContent = "";
  at("csvsaid").classList.remove("bad");
  at("answers").hidden = true;
  const asked = form.fields.filter(each => !each.optional || each.roles.includes("key"));
  offered(at("sample"), written([asked.map(each => each.name), asked.map(each => each.example)], ","), `${current}-rows.csv`);
}

async function several() {
  const name = current, file = at("csv").files[0], said = at("csvsaid");
  if (!file) return;
  at("answers").hidden = true;
  said.classList.remove("bad");
  try {
    const { mark, rows: [head, ...rows] } = parsedCsv(await file.text());
    if (!head || !rows.length) throw new Error("The file has no rows: its first line names the columns, each further one is a row.");
    const known = new Set(form.fields.map(each => each.name)), missing = form.fields.filter(each => !each.optional && !head.includes(each.name)).map(each => each.name);
    if (missing.length) throw new Error(`The file lacks ${missing.slice(0, SHOWN).join(", ")}: its first line names the columns.`);
    const out = [];
    let names = null;
    for (let first = 0; first < rows.length; first += PIECE) {
      said.textContent = `${number(first)} of ${number(rows.length)} rows are answered …`;
      const asked = rows.slice(first, first + PIECE).map(row => Object.fromEntries(head.flatMap((column, i) => known.has(column) ? [[column, row[i] === undefined || row[i] === "" ? null : row[i]]] : [])));
      const found = await call(`${name}/predict`, { rows: asked }).catch(error => {
        const wrong = (error.detail || [])[0];
        throw new Error(wrong && Number.isInteger(wrong.row) ? `Row ${first + wrong.row + 1}, column ${wrong.column}: it must satisfy ${wrong.rule}, and holds ${JSON.stringify(wrong.value)}. Nothing after row ${number(first)} was answered.` : error.message);
      });
      if (current !== name) return;
      names ??= Object.keys(found.predictions[0]).filter(each => each !== "id");
      found.predictions.forEach((answer, i) => out.push([...head.map((_, column) => rows[first + i][column] ?? ""), ...names.map(each => answer[each]), found.model_version, answer.id]));
    }
    offered(at("answers"), written([[...head, ...names, "model_version", "prediction_id"], ...out], mark), `${file.name.replace(/\.\w+$/, "")}-answers.csv`);
    at("answers").hidden = false;
    said.textContent = `${file.name}: ${number(out.length)} ${out.length === 1 ? "row is" : "rows are"} answered.`;
    live();
  } catch (error) {
    if (current !== name) return;
    said.textContent = error.message;
    said.classList.add("bad");
  } finally { at("csv").value = ""; }  // a file that was repaired is chosen again under its own name
}

at("csv").addEventListener("change", several);
