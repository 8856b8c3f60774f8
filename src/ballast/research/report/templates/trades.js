// The ledger: sort by a column, filter, turn pages, choose a trade. Everything by keyboard too.
const T = DATA.trades.columns;
const isOpen = (i) => DATA.trades.reasons[T.reason[i]] === "open";
const COLUMNS = [
  { name: "#", sort: (i) => T.id[i], text: (i) => String(T.id[i]) },
  { name: "Symbol", words: true, sort: (i) => DATA.symbols[T.symbol[i]], text: (i) => DATA.symbols[T.symbol[i]] },
  { name: "Tag", words: true, sort: (i) => DATA.tags[T.symbol[i]], text: (i) => DATA.tags[T.symbol[i]] },
  { name: "Side", words: true, sort: (i) => T.side[i], text: (i) => (T.side[i] > 0 ? "long" : "short") },
  { name: "Entry (UTC)", sort: (i) => T.entry_at[i], text: (i) => stamp(T.entry_at[i]) },
  { name: "Held", sort: (i) => T.exit_at[i] - T.entry_at[i], text: (i) => span(T.exit_at[i] - T.entry_at[i]) },
  { name: "Exit", words: true, sort: (i) => reasonOf(i), text: (i) => reasonOf(i) },
  { name: "Quantity", sort: (i) => T.qty[i], text: (i) => price(T.qty[i]) },
  { name: "Entry price", sort: (i) => T.entry[i], text: (i) => price(T.entry[i]) },
  { name: "Exit price", sort: (i) => T.exit[i], text: (i) => price(T.exit[i]) },
  { name: "Net", sort: (i) => T.pnl[i], text: (i) => number(T.pnl[i], 2), tone: (i) => T.pnl[i] },
  { name: "%", sort: (i) => T.gain[i], text: (i) => number(T.gain[i], 2), tone: (i) => T.gain[i] },
  { name: "R", sort: (i) => T.r[i], text: (i) => number(T.r[i], 2), tone: (i) => T.r[i] },
  { name: "MAE %", sort: (i) => T.mae[i], text: (i) => number(T.mae[i], 2) },
  { name: "MFE %", sort: (i) => T.mfe[i], text: (i) => number(T.mfe[i], 2) },
  { name: "Costs", sort: (i) => T.cost[i], text: (i) => number(T.cost[i], 2) },
];
const VIEW = { column: 4, down: true, page: 0, rows: [] };
const el = (id) => document.getElementById(id);

function wanted(i) {
  const side = el("filter-side").value, result = el("filter-result").value, exit = el("filter-exit").value;
  if (side && Number(side) !== T.side[i]) return false;
  if (exit && reasonOf(i) !== exit) return false;
  if (result === "open" && !isOpen(i)) return false;
  if (result === "win" && (isOpen(i) || T.pnl[i] <= 0)) return false;
  if (result === "loss" && (isOpen(i) || T.pnl[i] >= 0)) return false;
  const text = el("filter-text").value.trim().toLowerCase();
  const all = DATA.symbols[T.symbol[i]] + " " + DATA.tags[T.symbol[i]] + " " + reasonOf(i) + " #" + T.id[i];
  return all.toLowerCase().includes(text);
}

// Undefined values (null) stay at the end in both directions.
function inOrder(a, b) {
  const key = COLUMNS[VIEW.column].sort, x = key(a), y = key(b);
  if (x === null || y === null) return (x === null) - (y === null) || a - b;
  return (x < y ? -1 : x > y ? 1 : 0) * (VIEW.down ? -1 : 1) || a - b;
}

function refresh(page) {
  VIEW.rows = T.id.map((_, i) => i).filter(wanted).sort(inOrder);
  const net = VIEW.rows.reduce((sum, i) => sum + T.pnl[i], 0);
  el("trade-count").textContent = VIEW.rows.length.toLocaleString("en-US") + " of " + T.id.length.toLocaleString("en-US") + " trades, net " + number(net, 2) + " " + DATA.quote;
  showPage(page || 0);
}

function showPage(page) {
  const size = Number(el("filter-rows").value), last = Math.max(0, Math.ceil(VIEW.rows.length / size) - 1);
  VIEW.page = Math.min(Math.max(page, 0), last);
  const body = document.querySelector("#trade-table tbody");
  body.replaceChildren(...VIEW.rows.slice(VIEW.page * size, (VIEW.page + 1) * size).map(tableRow));
  el("page-now").textContent = "page " + (VIEW.page + 1) + " of " + (last + 1);
  el("page-first").disabled = el("page-back").disabled = VIEW.page === 0;
  el("page-last").disabled = el("page-next").disabled = VIEW.page === last;
  markChosen();
}

function tableRow(i) {
  const row = document.createElement("tr");
  row.tabIndex = 0;
  row.dataset.row = String(i);
  for (const column of COLUMNS) {
    const cell = document.createElement("td");
    cell.textContent = column.text(i);
    if (column.words) cell.className = "text";
    const value = column.tone ? column.tone(i) : 0;
    if (value) cell.classList.add(value > 0 ? "gain" : "loss");
    row.append(cell);
  }
  return row;
}

function markChosen() {
  for (const row of document.querySelectorAll("#trade-table tbody tr")) row.classList.toggle("chosen", Number(row.dataset.row) === STATE.trade);
}

function buildHead() {
  const row = document.createElement("tr");
  COLUMNS.forEach((column, index) => {
    const head = document.createElement("th"), button = document.createElement("button");
    head.scope = "col";
    if (column.words) head.className = "text";
    button.type = "button";
    button.addEventListener("click", () => {
      VIEW.down = VIEW.column === index ? !VIEW.down : !column.words;
      VIEW.column = index;
      nameHeads();
      refresh();
    });
    head.append(button);
    row.append(head);
  });
  document.querySelector("#trade-table thead").append(row);
  nameHeads();
}

function nameHeads() {
  document.querySelectorAll("#trade-table thead th").forEach((head, index) => {
    const chosen = index === VIEW.column;
    head.firstChild.textContent = COLUMNS[index].name + (chosen ? (VIEW.down ? " ↓" : " ↑") : "");
    if (chosen) head.setAttribute("aria-sort", VIEW.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

function bindTrades() {
  const reasons = [...new Set(T.id.map((_, i) => reasonOf(i)))].sort();
  el("filter-exit").append(...reasons.map((name) => new Option(name, name)));
  for (const id of ["filter-side", "filter-result", "filter-exit", "filter-rows"]) el(id).addEventListener("change", () => refresh());
  el("filter-text").addEventListener("input", () => refresh());
  const turn = { "page-first": () => 0, "page-back": () => VIEW.page - 1, "page-next": () => VIEW.page + 1, "page-last": () => Infinity };
  for (const [id, page] of Object.entries(turn)) el(id).addEventListener("click", () => showPage(page()));
  const body = document.querySelector("#trade-table tbody");
  const choose = (event) => {
    const row = event.target.closest("tr");
    if (row) inspect(Number(row.dataset.row), true);
  };
  body.addEventListener("click", choose);
  body.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(event); });
  buildHead();
  refresh();
}
