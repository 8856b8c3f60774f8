// One function a chart. Each draws into its own element from scratch, so that a change of theme is
// nothing but drawing again. `STATE` holds what the buttons choose.
const STATE = { log: isWide(), hold: true, symbol: 0, trade: -1 };

// Curves that multiply are read on a log scale, others on a plain one.
function isWide() {
  const values = DATA.equity.equity.concat(DATA.equity.hold), low = Math.min(...values);
  return low > 0 && Math.max(...values) / low > 4;
}

function draw(id, traces, extra) {
  return Plotly.react(id, traces, layout(extra), CONFIG);
}

function line(x, y, name, ink, extra) {
  return Object.assign({
    x: x, y: y, name: name, type: "scatter", mode: "lines", line: { color: ink, width: 1.6 },
  }, extra || {});
}

function signed(values) {
  return { color: values.map((value) => (value < 0 ? colour("loss-fill") : colour("gain-fill"))) };
}

function drawEquity() {
  const e = DATA.equity, time = readTimes(e.time);
  const traces = [line(time, e.equity, "Equity", colour("gain-fill"))];
  if (STATE.hold) traces.push(line(time, e.hold, "Buy and hold", colour("hold"), { line: { color: colour("hold"), width: 1.3, dash: "dot" } }));
  traces.push(line(time, e.fall, "Drawdown, %", colour("loss-fill"), { yaxis: "y2", fill: "tozeroy", fillcolor: faded("loss-fill", 0.22), line: { color: colour("loss-fill"), width: 1 } }));
  return draw("plot-equity", traces, {
    xaxis: dates({ anchor: "y2" }), yaxis: axis({ domain: [0.31, 1], type: STATE.log ? "log" : "linear", dtick: STATE.log ? "D2" : undefined, title: { text: DATA.quote, font: { size: 11 } } }),
    yaxis2: axis({ domain: [0, 0.26], ticksuffix: " %", nticks: 4 }),
  });
}

function drawExposure() {
  const e = DATA.exposure, time = readTimes(e.time);
  const traces = [
    line(time, e.most, "Highest of the day", colour("hold"), { line: { color: colour("hold"), width: 1, shape: "hv" } }),
    line(time, e.mean, "Mean of the day", colour("accent"), { fill: "tozeroy", fillcolor: faded("accent", 0.2), line: { color: colour("accent"), width: 1, shape: "hv" } }),
  ];
  return draw("plot-exposure", traces, { xaxis: dates(), yaxis: axis({ ticksuffix: " %", rangemode: "tozero" }) });
}

function drawYears() {
  const names = DATA.years.map((row) => String(row[0])), change = DATA.years.map((row) => row[1]);
  const traces = [
    { type: "bar", x: names, y: change, name: "Return", marker: signed(change), text: change.map((value) => number(value, 1)), textposition: "auto", cliponaxis: false },
    { type: "scatter", mode: "markers", x: names, y: DATA.years.map((row) => row[2]), name: "Deepest fall", marker: { symbol: "line-ew-open", size: 16, color: colour("text"), line: { width: 2 } } },
  ];
  return draw("plot-years", traces, { xaxis: axis({ type: "category" }), yaxis: axis({ ticksuffix: " %", zeroline: true }), showlegend: false });
}

function drawHistogram() {
  const h = DATA.histogram;
  const middle = h.counts.map((_, i) => h.left + (i + 0.5) * h.width);
  const ink = middle.map((x) => colour(Math.abs(x) < h.width / 2 ? "hold" : x < 0 ? "loss-fill" : "gain-fill"));
  const trace = { type: "bar", x: middle, y: h.counts, width: h.width * 0.92, marker: { color: ink }, hovertemplate: "%{x:.2f} %: %{y} days<extra></extra>" };
  return draw("plot-histogram", [trace], { xaxis: axis({ ticksuffix: " %" }), yaxis: axis(), hovermode: "closest", bargap: 0 });
}

function drawRolling() {
  const r = DATA.rolling, time = readTimes(r.time);
  document.getElementById("rolling-title").textContent = "Sharpe and volatility of the last " + r.window + " days";
  const traces = [
    line(time, r.sharpe, "Sharpe", colour("gain-fill")),
    line(time, r.volatility, "Volatility a year, %", colour("loss-fill"), { yaxis: "y2" }),
  ];
  return draw("plot-rolling", traces, {
    xaxis: dates({ anchor: "y2" }), yaxis: axis({ domain: [0.48, 1], zeroline: true }),
    yaxis2: axis({ domain: [0, 0.42], ticksuffix: " %", rangemode: "tozero" }),
  });
}

function drawUnderwater() {
  const e = DATA.equity, time = readTimes(e.time);
  const traces = [
    line(time, e.hold_fall, "Buy and hold", colour("hold"), { line: { color: colour("hold"), width: 1.1, dash: "dot" } }),
    line(time, e.fall, "This run", colour("loss-fill"), { fill: "tozeroy", fillcolor: faded("loss-fill", 0.22), line: { color: colour("loss-fill"), width: 1.2 } }),
  ];
  return draw("plot-underwater", traces, { xaxis: dates(), yaxis: axis({ ticksuffix: " %" }) });
}

function drawBars(id, rows, category) {
  const net = rows.map((row) => row[2]);
  const trace = {
    type: "bar", x: rows.map((row) => (category ? row[0].slice(0, 3) : row[0])), y: net, marker: signed(net),
    customdata: rows.map((row) => [row[0], row[1], row[3] === null ? "–" : number(row[3], 1)]),
    hovertemplate: "%{customdata[0]}: %{y:,.2f}<br>%{customdata[1]} trades, %{customdata[2]} % won<extra></extra>",
  };
  return draw(id, [trace], { xaxis: axis({ type: "category" }), yaxis: axis({ zeroline: true }), hovermode: "closest" });
}

function drawR() {
  const rows = DATA.rbins;
  const names = rows.map(([low, high]) => (low === null ? "< " + high : high === null ? "≥ " + low : number(low, 1)));
  const sign = rows.map(([low]) => (low === null || low < 0 ? -1 : 1));
  const trace = {
    type: "bar", x: names, y: rows.map((row) => row[2]), marker: signed(sign),
    hovertemplate: "%{customdata}: %{y} trades<extra></extra>",
    customdata: rows.map(([low, high]) => (low === null ? "below " + high + " R" : high === null ? low + " R and more" : low + " to " + high + " R")),
  };
  const empty = rows.length ? [] : [{ text: "no trade had a stop", showarrow: false, x: 0.5, y: 0.5, xref: "paper", yref: "paper" }];
  return draw("plot-r", [trace], { xaxis: axis({ type: "category", title: { text: "R", font: { size: 11 } } }), yaxis: axis(), bargap: 0.08, hovermode: "closest", annotations: empty });
}

function drawExcursion() {
  const t = DATA.trades.columns;
  const part = (wanted, name, ink, symbol) => {
    const rows = t.id.map((_, i) => i).filter((i) => wanted(t.pnl[i]));
    return {
      type: "scatter", mode: "markers", name: name, x: rows.map((i) => t.mae[i]), y: rows.map((i) => t.mfe[i]),
      customdata: rows, marker: { color: ink, symbol: symbol, size: 6, opacity: 0.7 },
      text: rows.map((i) => "#" + t.id[i] + " " + DATA.symbols[t.symbol[i]] + ", net " + number(t.pnl[i], 2)),
      hovertemplate: "%{text}<br>against %{x:.2f} %, for %{y:.2f} %<extra></extra>",
    };
  };
  const traces = [
    part((pnl) => pnl > 0, "Wins", colour("gain-fill"), "circle"),
    part((pnl) => pnl <= 0, "Losses", colour("loss-fill"), "x"),
  ];
  return draw("plot-excursion", traces, {
    xaxis: axis({ title: { text: "MAE: furthest against us", font: { size: 11 } }, ticksuffix: " %", rangemode: "tozero" }),
    yaxis: axis({ title: { text: "MFE: furthest for us", font: { size: 11 } }, ticksuffix: " %", rangemode: "tozero" }), hovermode: "closest",
  }).then((plot) => onPick(plot));
}

function drawCosts() {
  const months = DATA.costs.map((row) => row[0]);
  const part = (index, name, ink) => ({ type: "bar", name: name, x: months, y: DATA.costs.map((row) => row[index]), marker: { color: ink } });
  const traces = [part(1, "Fees", colour("accent")), part(2, "Slippage", colour("loss-fill")), part(3, "Funding", colour("hold"))];
  return draw("plot-costs", traces, { barmode: "relative", xaxis: axis({ type: "date", tickformat: "%Y-%m" }), yaxis: axis() });
}
