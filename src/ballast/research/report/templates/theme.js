// Colours come from the style sheet, so that light, dark and print need no second list of them.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function faded(name, alpha) {
  const hex = colour(name).slice(1);
  const part = (i) => parseInt(hex.slice(i, i + 2), 16);
  return "rgba(" + part(0) + "," + part(2) + "," + part(4) + "," + alpha + ")";
}

function axis(extra) {
  return Object.assign({
    gridcolor: colour("grid"), linecolor: colour("line"), zerolinecolor: colour("line"),
    tickfont: { size: 11 }, automargin: true, zeroline: false,
  }, extra || {});
}

function dates(extra) {
  return axis(Object.assign({ type: "date", hoverformat: "%Y-%m-%d %H:%M" }, extra || {}));
}

function layout(extra) {
  return Object.assign({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "inherit", size: 12, color: colour("soft") },
    margin: { l: 8, r: 8, t: 8, b: 8 }, hovermode: "x unified", dragmode: isNarrow() ? "pan" : "zoom",
    hoverlabel: { bgcolor: colour("panel"), bordercolor: colour("line"), font: { color: colour("text") } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12 }, itemwidth: 30 },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("hold"), activecolor: colour("accent") },
    xaxis: axis(), yaxis: axis(), bargap: 0.25, separators: ".,",
  }, extra || {});
}

function isNarrow() {
  return window.innerWidth < 640;
}

const CONFIG = {
  responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
  displayModeBar: isNarrow() ? false : "hover", doubleClick: "reset",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "toImage", "sendChartToCloud"],
};
