// Candles with the trades of one symbol, and one trade from near.
const CACHE = {};

function candlestick(bars, extra) {
  return Object.assign({
    type: "candlestick", x: bars.time, open: bars.open, high: bars.high, low: bars.low, close: bars.close,
    name: "price", showlegend: false, hoverinfo: "x+y",
    increasing: { line: { color: colour("hold"), width: 1 }, fillcolor: "rgba(0,0,0,0)" },
    decreasing: { line: { color: colour("hold"), width: 1 }, fillcolor: colour("hold") },
  }, extra || {});
}

function overviewBars(symbol) {
  const o = DATA.candles[symbol];
  return { time: readTimes(o.time), open: o.open, high: o.high, low: o.low, close: o.close, name: o.span };
}

function rowsOf(symbol) {
  const found = [];
  DATA.trades.columns.symbol.forEach((one, i) => { if (one === symbol) found.push(i); });
  return found;
}

function rowById() {
  if (!CACHE.byId) CACHE.byId = new Map(DATA.trades.columns.id.map((id, i) => [id, i]));
  return CACHE.byId;
}

// Exit fills by trade; a trade that is still open ends at its mark.
function exitsOf(i) {
  if (!CACHE.exits) {
    const f = DATA.fills, byId = rowById();
    CACHE.exits = new Map();
    f.position.forEach((id, k) => {
      const row = byId.get(id);
      if (f.entry[k] || row === undefined) return;
      if (!CACHE.exits.has(row)) CACHE.exits.set(row, []);
      CACHE.exits.get(row).push([f.at[k], f.price[k]]);
    });
  }
  const t = DATA.trades.columns, open = DATA.trades.reasons[t.reason[i]] === "open";
  return (CACHE.exits.get(i) || []).concat(open ? [[t.exit_at[i], t.exit[i]]] : []);
}

// Lines from the entry to each exit fill: one trace a colour, with gaps between the trades.
function paths(rows, wins) {
  const t = DATA.trades.columns, x = [], y = [];
  for (const i of rows) {
    if ((t.pnl[i] > 0) !== wins) continue;
    for (const [at, level] of exitsOf(i)) {
      x.push(t.entry_at[i], at, null);
      y.push(t.entry[i], level, null);
    }
  }
  const ink = colour(wins ? "gain-fill" : "loss-fill");
  return { type: "scatter", mode: "lines", x: x, y: y, line: { color: ink, width: 1.5 }, hoverinfo: "skip", showlegend: false };
}

function markers(rows, size) {
  const t = DATA.trades.columns, f = DATA.fills, byId = rowById(), wanted = new Set(rows);
  const kinds = [
    { name: "Buy to open", ink: "gain-fill", symbol: "triangle-up" },
    { name: "Sell to open", ink: "loss-fill", symbol: "triangle-down" },
    { name: "Exit, trade won", ink: "gain-fill", symbol: "circle-open" },
    { name: "Exit, trade lost", ink: "loss-fill", symbol: "x" },
  ].map((kind) => Object.assign(kind, { x: [], y: [], text: [], rows: [] }));
  f.position.forEach((id, k) => {
    const i = byId.get(id);
    if (i === undefined || !wanted.has(i)) return;
    const kind = kinds[f.entry[k] ? (f.side[k] > 0 ? 0 : 1) : t.pnl[i] > 0 ? 2 : 3];
    kind.x.push(f.at[k]);
    kind.y.push(f.price[k]);
    kind.rows.push(i);
    kind.text.push("#" + id + " " + (t.side[i] > 0 ? "long" : "short") + " at " + price(f.price[k]) + (f.entry[k] ? "" : ", " + reasonOf(i)) + "<br>net " + number(t.pnl[i], 2));
  });
  return kinds.map((kind) => ({
    type: "scatter", mode: "markers", name: kind.name, x: kind.x, y: kind.y, text: kind.text, customdata: kind.rows,
    marker: { symbol: kind.symbol, size: size, color: colour(kind.ink), line: { width: kind.symbol === "circle-open" ? 2 : 0.5, color: kind.symbol === "circle-open" ? colour(kind.ink) : colour("panel") } },
    hovertemplate: "%{x|%Y-%m-%d %H:%M}<br>%{text}<extra></extra>",
  }));
}

function stops(rows) {
  const t = DATA.trades.columns, x = [], y = [];
  for (const i of rows) {
    if (t.stop[i] === null) continue;
    x.push(t.entry_at[i], t.exit_at[i], null);
    y.push(t.stop[i], t.stop[i], null);
  }
  return { type: "scatter", mode: "lines", name: "First stop", x: x, y: y, line: { color: colour("text"), width: 1, dash: "dot" }, hoverinfo: "skip" };
}

function reasonOf(i) {
  return DATA.trades.reasons[DATA.trades.columns.reason[i]].replace(/_/g, " ");
}

function drawCandles() {
  const rows = rowsOf(STATE.symbol), bars = overviewBars(STATE.symbol);
  document.getElementById("candle-span").textContent = bars.name + " candles, " + rows.length.toLocaleString("en-US") + " trades";
  const traces = [candlestick(bars), paths(rows, true), paths(rows, false), stops(rows), ...markers(rows, 9)];
  return draw("plot-candles", traces, {
    xaxis: dates({ rangeslider: { visible: false } }), yaxis: axis({ fixedrange: false }), hovermode: "closest",
  }).then((plot) => onPick(plot));
}

function onPick(plot) {
  plot.removeAllListeners("plotly_click");
  plot.on("plotly_click", (event) => {
    const point = event.points.find((each) => typeof each.customdata === "number");
    if (point) inspect(point.customdata, false);
  });
}

async function barsNear(i) {
  const symbol = DATA.trades.columns.symbol[i], detail = DATA.detail[symbol];
  if (!DATA.trades.columns.detail[i] || typeof DecompressionStream === "undefined") return overviewBars(symbol);
  if (!CACHE[symbol]) CACHE[symbol] = await unpack(detail);
  return CACHE[symbol];
}

function cut(bars, from, to) {
  const keep = [];
  bars.time.forEach((at, k) => { if (at >= from && at <= to) keep.push(k); });
  const part = { name: bars.name };
  for (const name of ["time", "open", "high", "low", "close"]) part[name] = keep.map((k) => bars[name][k]);
  return part;
}

async function inspect(i, scroll) {
  const t = DATA.trades.columns;
  STATE.trade = i;
  document.getElementById("inspector").classList.add("on");
  if (STATE.symbol !== t.symbol[i]) {
    STATE.symbol = t.symbol[i];
    const pick = document.getElementById("pick-symbol");
    if (pick) pick.value = String(STATE.symbol);
    drawCandles();
  }
  const step = DATA.detail[t.symbol[i]].frame * 24, held = t.exit_at[i] - t.entry_at[i];
  const margin = t.detail[i] ? step : Math.max(step, held * 0.5, 20 * 86400000);
  const bars = cut(await barsNear(i), t.entry_at[i] - margin, t.exit_at[i] + margin);
  document.getElementById("inspect-title").textContent =
    "#" + t.id[i] + " " + DATA.symbols[t.symbol[i]] + " " + (t.side[i] > 0 ? "long" : "short") + ", " + reasonOf(i) + ", net " + number(t.pnl[i], 2) + " " + DATA.quote + (t.r[i] === null ? "" : ", " + number(t.r[i], 2) + " R");
  document.getElementById("inspect-hint").textContent = stamp(t.entry_at[i]) + " to " + stamp(t.exit_at[i]) + ", " + span(held) + ". " +
    (t.detail[i] ? bars.name + " candles." : bars.name + " candles: this page keeps the finest bars of the trades that moved most.");
  await draw("plot-inspect", [candlestick(bars), paths([i], true), paths([i], false), stops([i]), ...markers([i], 12)], {
    xaxis: dates({ rangeslider: { visible: false } }), yaxis: axis(), hovermode: "closest",
  });
  markChosen();
  if (scroll) document.getElementById("inspector").scrollIntoView({ block: "center" });
}

function bindCandles() {
  const pick = document.getElementById("pick-symbol");
  if (pick) pick.addEventListener("change", () => { STATE.symbol = Number(pick.value); drawCandles(); });
  const move = (step) => () => {
    const count = DATA.trades.columns.id.length;
    inspect((STATE.trade + step + count) % count, false);
  };
  document.getElementById("inspect-back").addEventListener("click", move(-1));
  document.getElementById("inspect-next").addEventListener("click", move(1));
}
