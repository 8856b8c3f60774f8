"""The report and the certificate in a real browser, where there is one: they draw and ask nobody.

Not skipped but absent without a browser: the machine-independent checks of the pages are in
`tests/unit/research/test_report_page.py` and `tests/unit/research/certify/test_page.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.fakes.results import busy_result
from tests.fakes.subjects import certified

from ballast.research.certify.page import certificate_html
from ballast.research.metrics import summary
from ballast.research.report.page import report_html

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
PROBE = """
<script>
const errors = [];
window.addEventListener("error", (event) => errors.push(event.message));
window.addEventListener("securitypolicyviolation", (event) => errors.push(event.blockedURI));
window.addEventListener("unhandledrejection", (event) => errors.push(String(event.reason)));
</script>
"""
STEPS = """
<script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
(async () => {
  await wait(300);
  document.querySelectorAll("#trade-table thead button")[10].click();
  const side = document.getElementById("filter-side");
  side.value = "-1";
  side.dispatchEvent(new Event("change"));
  document.querySelector("#trade-table tbody tr").click();
  await wait(500);
  document.querySelector("[data-toggle=log]").click();
  dispatchEvent(new Event("beforeprint"));
  await wait(1500);
  const out = document.createElement("div");
  out.id = "probe";
  out.textContent = JSON.stringify({
    errors, plots: document.querySelectorAll(".plot .main-svg").length > 20,
    shorts: [...document.querySelectorAll("#trade-table tbody tr")]
      .every((row) => row.innerText.includes("short")),
    title: document.getElementById("inspect-title").textContent,
    hint: document.getElementById("inspect-hint").textContent,
  });
  document.body.append(out);
})();
</script>
"""

MEASURE = """
<script>
addEventListener("load", () => {
  const charts = [...document.querySelectorAll("svg")];
  const out = document.createElement("div");
  out.id = "probe";
  out.textContent = JSON.stringify({
    wide: document.documentElement.scrollWidth > innerWidth,
    charts: charts.length,
    flat: charts.filter((one) => one.getBoundingClientRect().height < 40).length,
    top: document.querySelector("h1").getBoundingClientRect().top < 200,
  });
  document.body.append(out);
});
</script>
"""


def browse(path: Path, folder: Path, width: int = 1280) -> subprocess.CompletedProcess[str]:
    """Open a page and return what is in it after its scripts have run, and the browser's log."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},6000", "--virtual-time-budget=20000", "--enable-logging=stderr",
        "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


if BROWSER:

    @pytest.mark.slow
    @pytest.mark.parametrize("width", [1280, 500])
    @pytest.mark.parametrize("strong", [True, False])
    def test_the_certificate_fits_its_window_and_breaks_no_rule_of_its_own(
        width: int, tmp_path: Path, *, strong: bool
    ) -> None:
        """As it is, nothing is refused by its content policy; measured in a copy without one."""
        found = certified(strong=strong)
        page = certificate_html(found.certificate, found.evidence)
        path = tmp_path / "certificate.html"
        path.write_text(page)
        plain = browse(path, tmp_path, width)
        assert "Refused" not in plain.stderr
        assert "CONSOLE" not in plain.stderr
        policy = page[page.index('<meta http-equiv="Content-Security-Policy"') :].split(">")[0]
        path.write_text(page.replace(f"{policy}>", "").replace("</body>", f"{MEASURE}</body>"))
        probe = browse(path, tmp_path, width).stdout.rsplit('id="probe">', 1)[1].split("</div>")[0]
        measured = json.loads(probe)
        assert measured["charts"] >= 6, measured
        assert measured == {"wide": False, "charts": measured["charts"], "flat": 0, "top": True}

    @pytest.mark.slow
    def test_the_page_draws_without_errors_or_requests(tmp_path: Path) -> None:
        result = busy_result()
        page = report_html(result, summary(result))
        head, body = page.replace("<style>", PROBE + "<style>", 1), "</body>"
        path = tmp_path / "report.html"
        path.write_text(STEPS.join(head.rsplit(body, 1)) if body in head else head)
        done = browse(path, tmp_path)
        probe = done.stdout.rsplit('id="probe">', 1)[1].split("</div>")[0]
        assert '"errors":[]' in probe, probe
        assert '"plots":true' in probe
        assert '"shorts":true' in probe
        assert "short" in probe.split('"title":')[1]
        assert "1h candles" in probe
