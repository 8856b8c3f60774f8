"""The report in a real browser, where there is one: it draws, filters, and asks nobody.

Not skipped but absent without a browser: the machine-independent checks of the page are in
`tests/unit/research/test_report_page.py`.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.fakes.results import busy_result

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

if BROWSER:

    @pytest.mark.slow
    def test_the_page_draws_without_errors_or_requests(tmp_path: Path) -> None:
        result = busy_result()
        page = report_html(result, summary(result))
        head, body = page.replace("<style>", PROBE + "<style>", 1), "</body>"
        path = tmp_path / "report.html"
        path.write_text(STEPS.join(head.rsplit(body, 1)) if body in head else head)
        command = [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1280,6000", "--virtual-time-budget=20000", "--dump-dom", path.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        probe = done.stdout.rsplit('id="probe">', 1)[1].split("</div>")[0]
        assert '"errors":[]' in probe, probe
        assert '"plots":true' in probe
        assert '"shorts":true' in probe
        assert "short" in probe.split('"title":')[1]
        assert "1h candles" in probe
