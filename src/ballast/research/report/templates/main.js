// Charts are drawn when they come near the screen, drawn again when the theme changes, and all of
// them (in the light theme) before the page is printed.
const CHARTS = {
  "plot-equity": drawEquity, "plot-exposure": drawExposure, "plot-years": drawYears,
  "plot-histogram": drawHistogram, "plot-rolling": drawRolling, "plot-underwater": drawUnderwater,
  "plot-candles": drawCandles, "plot-excursion": drawExcursion, "plot-r": drawR,
  "plot-weekdays": () => drawBars("plot-weekdays", DATA.weekdays, true),
  "plot-hours": () => drawBars("plot-hours", DATA.hours, false), "plot-costs": drawCosts,
};
const DRAWN = new Set();

function show(id) {
  DRAWN.add(id);
  return CHARTS[id]();
}

function again(ids) {
  for (const id of ids) show(id);
  if (STATE.trade >= 0) inspect(STATE.trade, false);
}

function bindToggles() {
  for (const button of document.querySelectorAll("[data-toggle]")) {
    button.addEventListener("click", () => {
      const name = button.dataset.toggle;
      STATE[name] = !STATE[name];
      button.setAttribute("aria-pressed", String(STATE[name]));
      drawEquity();
    });
    button.setAttribute("aria-pressed", String(STATE[button.dataset.toggle]));
  }
}

bindToggles();
bindCandles();
bindTrades();
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    near.unobserve(entry.target);
    show(entry.target.id);
  }
}, { rootMargin: "600px" });
for (const id of Object.keys(CHARTS)) near.observe(document.getElementById(id));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again(DRAWN));
addEventListener("beforeprint", () => {
  document.documentElement.dataset.print = "";
  again(Object.keys(CHARTS));
});
addEventListener("afterprint", () => {
  delete document.documentElement.dataset.print;
  again(DRAWN);
});
