"use strict";
// A picture whose points are columns (point_2_5 is in row 2, column 5) is drawn, by mouse, finger or keyboard; its numbers are in the fields below.
function picture(columns, across) {
  const box = at("picture"), points = at("points");
  box.hidden = points.hidden = !columns.length;
  points.after(at("fields"));
  box.replaceChildren();
  if (!columns.length) return;
  points.append(at("fields"));
  const high = each => each.maximum ?? 255, cells = new Map(), at_ = (row, column) => cells.get(`${row} ${column}`);
  const board = make("div", { class: "board", role: "grid", "aria-label": "the picture: arrow keys move, space draws, delete rubs out" });
  board.style.gridTemplateColumns = `repeat(${across}, 1fr)`;
  const show = cell => { const share = Math.min(Math.max(Number(cell.input.value) / high(cell.column), 0), 1); cell.node.style.background = `rgb(${[0, 0, 0].map(() => Math.round(255 * (1 - share))).join(" ")})`; };
  const set = (cell, share, add) => {
    const most = high(cell.column), now = Number(cell.input.value) || 0, next = add ? Math.max(now, share * most) : share * most;
    cell.input.value = cell.column.type === "integer" ? Math.round(next) : next;
    show(cell);
  };
  const stroke = (row, column, rub) => {
    set(at_(row, column), rub ? 0 : 1, !rub);
    if (!rub) for (const [down, right] of [[0, 1], [0, -1], [1, 0], [-1, 0]]) { const beside = at_(row + down, column + right); if (beside) set(beside, 0.45, true); }
  };
  let drawing = false, rubbing = false;
  for (const each of columns) {
    const [, row, column] = /_(\d+)_(\d+)$/.exec(each.name).map(Number), input = at(`f-${each.name}`);
    const node = make("span", { role: "gridcell", tabindex: cells.size ? -1 : 0, "aria-label": `row ${row + 1}, column ${column + 1}` });
    const cell = { node, input, column: each };
    cells.set(`${row} ${column}`, cell);
    input.addEventListener("input", () => show(cell));
    node.addEventListener("keydown", event => {
      const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (way) { const next = at_(row + way[0], column + way[1]); if (next) { node.tabIndex = -1; next.node.tabIndex = 0; next.node.focus(); } }
      else if (event.key === " ") stroke(row, column, false);
      else if (event.key === "Delete" || event.key === "Backspace") stroke(row, column, true);
      else return;
      event.preventDefault();
    });
    node.dataset.at = `${row} ${column}`;
    board.append(node);
    show(cell);
  }
  const under = event => { const node = document.elementFromPoint(event.clientX, event.clientY); return node && board.contains(node) && node.dataset.at ? node.dataset.at.split(" ").map(Number) : null; };
  board.addEventListener("pointerdown", event => { drawing = true; rubbing = event.button === 2 || event.shiftKey; const spot = under(event); if (spot) stroke(...spot, rubbing); event.preventDefault(); });
  board.addEventListener("pointermove", event => { if (!drawing || !event.buttons) { drawing = false; return; } const spot = under(event); if (spot) stroke(...spot, rubbing); });
  board.addEventListener("pointerup", () => { drawing = false; });
  board.addEventListener("contextmenu", event => event.preventDefault());
  const clear = make("button", { type: "button" }, "Empty");
  clear.addEventListener("click", () => { for (const cell of cells.values()) set(cell, 0, false); });
  box.append(board, make("div", { class: "buttons" }, clear, make("span", { class: "dim" }, "Draw with the mouse or a finger; with shift it rubs out.")));
}
