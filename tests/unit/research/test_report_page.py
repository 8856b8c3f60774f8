"""The HTML report: self-contained, safe, the same bytes, small, nothing lost (R-MET-11)."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from plotly.offline import get_plotlyjs
from tests.fakes.results import Deal, busy_result, make_result, walk

from ballast.core.time import HOUR_MS
from ballast.research.metrics import summary
from ballast.research.report.candles import DETAIL_MAX, OVERVIEW_MAX, details, overview, window
from ballast.research.report.downsample import extreme_rows
from ballast.research.report.encode import packed, quantum, rounded, times
from ballast.research.report.figures import histogram, page_data
from ballast.research.report.page import code, embedded, report_html


class Page(HTMLParser):
    """Collect ids, attributes that could load something, and the embedded data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.data = ""
        self._in_data = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("id"):
            self.ids.append(str(named["id"]))
        self.links += [str(named[name]) for name in ("src", "href", "action") if name in named]
        self._in_data = tag == "script" and named.get("id") == "data"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
            self._in_data = False


@pytest.fixture(scope="module")
def text() -> str:
    result = busy_result()
    return report_html(result, summary(result))


@pytest.fixture(scope="module")
def ours(text: str) -> str:
    """Return the page without plotly.js, which is large and not ours."""
    assert get_plotlyjs() in text
    return text.replace(get_plotlyjs(), "")


def test_the_same_result_gives_the_same_bytes(text: str) -> None:
    assert report_html(busy_result(), summary(busy_result())) == text


def test_nothing_on_the_page_leaves_the_page(ours: str) -> None:
    """The policy forbids what the markup does not even ask for."""
    page = Page(ours)
    assert all(link.startswith(("#", "data:")) for link in page.links), page.links
    assert not re.search(r"https?://|//cdn|@import|url\(|fetch\(|XMLHttp|WebSocket", ours)
    assert "default-src 'none'" in ours
    assert "connect-src 'none'" in ours


def test_every_element_the_scripts_name_exists_once(ours: str) -> None:
    page = Page(ours)
    assert len(page.ids) == len(set(page.ids))
    named = set(re.findall(r"getElementById\(\"([\w-]+)\"\)|el\(\"([\w-]+)\"\)", ours))
    named_ids = {a or b for a, b in named} | set(re.findall(r"\"(plot-[\w-]+)\"", ours))
    optional = {"pick-symbol"}  # only with several symbols
    assert named_ids - optional <= set(page.ids)
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)


def test_every_section_of_a_report_is_there(ours: str) -> None:
    """features 4.4."""
    for word in (
        "Net profit", "Max drawdown", "Buy and hold", "By month, %", "Under water", "Candles",
        "Long and short", "By exit", "By symbol", "By weekday", "By hour", "The same trades",
        "already in position", "Run card", "0123456789abcdef", "assumes", "Omega ratio",
        "still open at the end", "costs.taker",
    ):  # fmt: skip
        assert word in ours, word


def test_the_data_is_finite_json_with_every_trade_and_fill(ours: str) -> None:
    data = json.loads(Page(ours).data, parse_constant=pytest.fail)
    result = busy_result()
    assert data["trades"]["columns"]["id"] == result.run.trades["position"].tolist()
    assert len(data["fills"]["price"]) == len(result.run.fills)
    for column in data["trades"]["columns"].values():
        assert len(column) == len(result.run.trades)


def test_the_drawn_stop_is_the_one_that_was_risked() -> None:
    result = make_result([Deal(10, 20, stop_distance=2.0), Deal(30, 40, side=-1)])
    columns = page_data(result, summary(result))["trades"]["columns"]
    assert columns["stop"][0] == pytest.approx(result.run.trades["entry"][0] - 2.0)
    assert columns["stop"][1] is None


def test_hostile_names_stay_text() -> None:
    """A symbol, tag, note or parameter cannot become markup or end a script."""
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    result = make_result([Deal(5, 9)], [walk(60, symbol=bad)], tags=[bad], notes=[bad])
    card = replace(result.card, strategy=bad, params={bad: bad})
    page = report_html(replace(result, card=card), summary(result)).replace(get_plotlyjs(), "")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert json.loads(Page(page).data)["symbols"] == [bad]


def test_embedded_json_reads_back() -> None:
    value = {"a": "<&>\u2028", "b": [1, 2.5, None]}
    assert json.loads(embedded(value)) == value


@pytest.mark.parametrize(
    "result",
    [make_result([]), make_result([Deal(2, 9)], [walk(24)]), make_result([], [walk(1)])],
    ids=["no trades", "one day", "one bar"],
)
def test_small_runs_have_a_page(result: Any) -> None:
    page = report_html(result, summary(result))
    assert "No trade was closed" in page or "Only 1 closed trade" in page


def test_five_years_of_hours_of_four_symbols_stay_below_six_megabytes() -> None:
    bars = [walk(43_800, seed=i, symbol=f"S{i}", start=50.0) for i in range(4)]
    deals = [
        Deal(100 + 140 * k, 160 + 140 * k, symbol=s, stop_distance=1.0)
        for s in range(4)
        for k in range(300)
    ]
    result = make_result(deals, bars)
    page = report_html(result, summary(result))
    assert len(page.encode()) < 6_000_000
    data = json.loads(Page(page.replace(get_plotlyjs(), "")).data)
    assert all(len(each["open"]) <= OVERVIEW_MAX for each in data["candles"])
    assert sum(each["rows"] for each in data["detail"]) <= DETAIL_MAX


def test_overview_candles_keep_every_extreme() -> None:
    bars = walk(43_800)
    found = overview(bars)
    assert found["span"] == "1d"
    assert max(found["high"]) == pytest.approx(bars.high.max(), rel=1e-6)
    assert min(found["low"]) == pytest.approx(bars.low.min(), rel=1e-6)
    assert found["open"][0] == pytest.approx(bars.open[0], rel=1e-6)
    assert found["close"][-1] == pytest.approx(bars.close[-1], rel=1e-6)
    days = bars.high.reshape(-1, 24).max(axis=1)
    np.testing.assert_allclose(found["high"], days, rtol=1e-6)


def test_few_bars_are_shown_as_they_are() -> None:
    bars = walk(300)
    found = overview(bars)
    assert found["span"] == "1h"
    np.testing.assert_allclose(found["low"], bars.low, rtol=1e-6)


def test_packed_detail_bars_read_back_as_the_bars() -> None:
    result = busy_result(count=20, symbols=1, bars=900)
    (detail,), has = details(result)
    bars, trades = result.bars[0], result.run.trades
    clock, opened, high, low, close = unpack(detail)
    rows = (detail["origin"] + clock * detail["frame"] - bars.ts[0]) // HOUR_MS
    for column, name in ((opened, "open"), (opened + high, "high"), (opened + low, "low")):
        expected = getattr(bars, name)[rows]
        np.testing.assert_allclose(column * detail["unit"], expected, atol=detail["unit"])
    np.testing.assert_allclose(
        (opened + close) * detail["unit"], bars.close[rows], atol=detail["unit"]
    )
    for trade, flag in zip(trades, has, strict=True):
        first, stop = window(int(trade["entry_bar"]), int(trade["exit_bar"]), len(bars))
        if flag:
            assert set(range(first, stop)) <= set(rows.tolist())
    assert has.any()


def unpack(detail: dict[str, Any]) -> list[Any]:
    """Do in Python what `data.js` does in the browser."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(detail["packed"])), np.uint8)
    planes = raw.reshape(5, 4, detail["rows"])
    return [np.cumsum(plane.T.copy().view("<i4").reshape(-1)) for plane in planes]


def test_packing_keeps_negative_and_large_steps() -> None:
    column = np.array([5, -7, 2_000_000_000, -3, 0], np.int64)
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packed([column]))), np.uint8)
    back = np.cumsum(raw.reshape(4, 5).T.copy().view("<i4").reshape(-1).astype(np.int64))
    np.testing.assert_array_equal(back, column)


@pytest.mark.parametrize(
    ("highest", "tick", "unit"), [(95_000.0, 0.01, 0.1), (250.0, 0.01, 0.01), (0.3, 1e-5, 1e-5)]
)
def test_the_plotting_step_fits_the_price(highest: float, tick: float, unit: float) -> None:
    assert quantum(np.array([highest / 2, highest]), tick) == pytest.approx(unit)


def test_thinned_lines_keep_first_last_and_extremes() -> None:
    rng = np.random.default_rng(1)
    line = np.cumsum(rng.normal(size=50_000))
    line[31_337] = 999.0
    rows = extreme_rows(line, -line)
    assert len(rows) < 3000
    assert (rows[0], rows[-1]) == (0, 49_999)
    assert 31_337 in rows
    assert int(np.argmin(line)) in rows
    np.testing.assert_array_equal(extreme_rows(line[:100]), np.arange(100))


def test_times_are_steps() -> None:
    even = np.array([10, 20, 30], np.int64)
    assert times(even) == {"start": 10, "step": 10, "gaps": 2}
    gappy = np.array([10, 20, 50], np.int64)
    assert times(gappy) == {"start": 10, "step": 10, "gaps": [1, 3]}
    assert times(gappy[:1]) == {"start": 10, "step": 1, "gaps": 0}


def test_plotted_numbers_are_short_and_finite() -> None:
    assert rounded([1 / 3, 2.0, float("nan"), -1e-9]) == [0.3333333, 2, None, -1e-9]


def test_the_histogram_counts_every_day() -> None:
    returns = np.random.default_rng(1).standard_t(3, 700) * 0.02
    found = histogram(returns)
    assert sum(found["counts"]) == 700
    assert histogram(np.zeros(5))["counts"] == []


def test_backticks_become_code_and_nothing_else_becomes_markup() -> None:
    assert code("run `a < b` now") == "run <code>a &lt; b</code> now"
    assert code("one ` only <b>") == "one ` only &lt;b&gt;"


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_text_and_lines_can_be_seen_in_light_dark_and_print(ours: str) -> None:
    """WCAG 2 AA: 4.5 for text, 3 for the lines of a chart."""
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for block in re.findall(r":root[^{]*\{([^}]*)\}", ours)
    ]
    assert len(themes) == 3
    for theme in themes:
        for name in ("text", "soft", "gain", "loss", "accent"):
            assert contrast(theme[name], theme["panel"]) >= 4.5, name
            assert contrast(theme[name], theme["page"]) >= 4.5, name
        for name in ("gain-fill", "loss-fill", "hold"):
            assert contrast(theme[name], theme["panel"]) >= 3.0, name


def test_the_page_has_the_table_by_regime_where_a_regime_was_known(text: str) -> None:
    """R-WF-11: `regime()` on a short run; no table where the bars do not reach its warm-up."""
    assert '<section id="regimes">' in text
    assert "<code>regime()</code>" in text
    short = make_result([Deal(30, 40)], [walk(60)])
    assert '<section id="regimes">' not in report_html(short, summary(short))
