"""`ballast ltv`: a file in, levels out, a record kept, a pause left for the node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import Done, ballast, csv_rows, tree, write_csv

from ballast.service.cli import ltv as verb
from ballast.store.inbox import Inbox

if TYPE_CHECKING:
    from pathlib import Path


def loan(**changes: object) -> dict[str, Any]:
    made = {"asset": "usdt", "debt": "10000", "collateral_asset": "BTC", "collateral": "0.5",
            "price": "60000", "liquidation": "83%"}  # fmt: skip
    return {**made, **changes}


def look(home: Path, document: object, *more: str) -> Done:
    (home / "loans.json").write_text(json.dumps(document))
    return ballast(home, "ltv", "--file", "loans.json", *more)


def pauses(home: Path) -> list[str]:
    waiting = Inbox(home / "journal" / "inbox" / "main").waiting()
    return [f"{one.command} by {one.who}: {one.reason}" for one in waiting]


def at(ltv: float, when: str = "2026-01-01", **more: object) -> dict[str, Any]:
    """A document with one loan at a ratio."""
    return {"at": when, "loans": [loan(price=None, ltv=ltv, **more)]}


def test_a_loan_above_the_bound_is_critical_and_pauses_the_node(tmp_path: Path) -> None:
    """A-RISK-12, S-32, R-CLI-11: 55.1 % pauses and exits 1, 54.9 % does neither."""
    calm = look(tmp_path, at(0.549), "--json").json()
    assert (calm["level"], calm["ltv"], calm["paused"]) == ("important", 0.549, False)
    assert pauses(tmp_path) == []
    done = look(tmp_path, at(0.551, "2026-01-02"), "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert (found["level"], found["paused"]) == ("critical", True)
    assert pauses(tmp_path) == ["pause by ltv monitor: USDT-BTC: 55.1% of BTC is above 55.0%"]
    assert look(tmp_path, at(0.60, "2026-01-03")).code == 1
    assert len(pauses(tmp_path)) == 1, "one that waits is enough"


def test_looking_only_leaves_no_pause(tmp_path: Path) -> None:
    assert look(tmp_path, at(0.9), "--no-pause").code == 1
    assert pauses(tmp_path) == []


def test_the_node_takes_the_pause_with_who_and_why(tmp_path: Path) -> None:
    """R-RISK-21 end to end: the journal of a paper session holds it, and nothing is opened."""
    ballast(tmp_path, "init")
    write_csv(tmp_path / "BINANCE-BTCUSDT-1h.csv", csv_rows(900, volume=1e6))
    ballast(tmp_path, "data", "import", "BINANCE-BTCUSDT-1h.csv")
    trade = ("paper", "stochrsi", "--json", "--bars")
    assert ballast(tmp_path, *trade, "2").json()["mode"] == "running"
    look(tmp_path, at(0.6))
    found = ballast(tmp_path, *trade, "5").json()
    assert (found["mode"], found["reason"]) == (
        "paused", "USDT-BTC: 60.0% of BTC is above 55.0%"
    )  # fmt: skip
    told = ballast(tmp_path, "audit", "--text", "ltv monitor", "--json").json()["records"]
    assert told


def test_what_is_shown(tmp_path: Path) -> None:
    """33.3 % now; BTC may lose 39.4 % until the alarm, 59.8 % until the venue takes it."""
    document = {"venue": "okx", "account": "two", "loans": [loan(apr="6%")],
                "earn": [{"asset": "USDT", "apr": "12%", "product": "simple"}]}  # fmt: skip
    found = look(tmp_path, document, "--json").json()
    (row,) = found["loans"]
    assert row["ltv"] == pytest.approx(1 / 3)
    assert row["fall_to_alarm"] == pytest.approx(1 - (1 / 3) / 0.55)
    assert row["fall_to_liquidation"] == pytest.approx(1 - (1 / 3) / 0.83)
    assert (found["venue"], found["account"], found["level"]) == ("OKX", "two", "opportunity")
    assert found["offers"][0]["reason"] == "USDT earns 12.0% a year, and borrowing it costs 6.0%"
    said = look(tmp_path, document).out
    assert "USDT-BTC" in said
    assert "opportunity" in said
    assert "no loans" in look(tmp_path, {"loans": []}).err


def test_an_answer_of_binance_is_read_as_it_came(tmp_path: Path) -> None:
    row = {"loanCoin": "USDT", "totalDebt": "10000.5", "collateralCoin": "BNB",
           "collateralAmount": "49.27565492", "currentLTV": "0.57"}  # fmt: skip
    done = look(tmp_path, {"rows": [row], "total": 1}, "--json")
    found = json.loads(done.out)
    assert (done.code, found["venue"], found["ltv"]) == (1, "BINANCE", 0.57)
    assert "holds 1 of 2 loans" in look(tmp_path, {"rows": [row], "total": 2}).mistake()
    bad = look(tmp_path, {"rows": [{**row, "currentLTV": "much"}], "total": 1})
    assert "is no answer of Binance" in bad.mistake()
    assert "is no answer of Binance" in look(tmp_path, {"rows": [{}], "total": 1}).mistake()


def test_the_history_is_kept_and_analysed(tmp_path: Path) -> None:
    """R-STATE-10, R-CLI-11, R-CLI-12: each reading once, in order of time."""
    assert "nothing is recorded" in ballast(tmp_path, "ltv", "--history").err
    for day, ltv in ((3, 0.50), (1, 0.30), (2, 0.42), (2, 0.42)):
        look(tmp_path, at(ltv, f"2026-01-0{day}"))
    assert look(tmp_path, at(0.42, "2026-01-02"), "--json").json()["recorded"] == 0
    (row,) = ballast(tmp_path, "ltv", "--history", "--json").json()["history"]
    assert (row["readings"], row["ltv"], row["low"], row["high"]) == (3, 0.50, 0.30, 0.50)
    assert row["mean"] == pytest.approx((0.30 + 0.42) / 2)
    assert row["day_rise"] == pytest.approx(0.12)
    assert row["safe"] == pytest.approx(0.43)
    assert row["remark"].startswith("a day as bad would reach the alarm; short")
    line = look(tmp_path, at(0.56, "2026-01-02")).mistake()
    assert "is recorded and says something else" in line
    assert len(pauses(tmp_path)) == 1, "the pause does not wait for the record"


def test_a_monitor_that_cannot_look_pauses_after_three_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing input is a refusal: nobody knows how near the loans are."""
    looks = iter(range(5))

    def slept(_: float) -> None:
        if next(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(verb.time, "sleep", slept)
    done = ballast(tmp_path, "ltv", "--file", "gone.json", "--every", "60")
    assert done.code == 130
    assert done.err.count("no such file") == 4
    assert len(pauses(tmp_path)) == 1
    assert "could not be looked at 3 times" in pauses(tmp_path)[0]


WRONG: dict[str, tuple[object, str]] = {
    "a list": ([], "is no list of loans"),
    "a name": ({"loan": []}, "did you mean 'loans'?"),
    "a name in a loan": ({"loans": [loan(lvt=1)]}, "loans[0]: unknown name 'lvt'"),
    "no debt": ({"loans": [loan(debt="")]}, "loans[0]: 'debt' is missing"),
    "a negative": ({"loans": [loan(debt="-1")]}, "debt is '-1'"),
    "no number": ({"loans": [loan(price="much")]}, "price is 'much'"),
    "a truth": ({"loans": [loan(ltv=True)]}, "ltv is 'True'"),
    "not finite": ({"loans": [loan(ltv="NaN")]}, "ltv is 'NaN'"),
    "a percentage": ({"loans": [loan(ltv=57)]}, "did you mean 57%?"),
    "no asset": ({"loans": [loan(asset="a/b")]}, "is no asset"),
    "twice": ({"loans": [loan(), loan()]}, "USDT-BTC stands there twice"),
    "no loans": ({"loans": 3}, "'loans' is no list"),
    "no rate": ({"loans": [], "earn": [{"asset": "BTC"}]}, "earn[0]: 'asset' or 'apr' is missing"),
    "no time": ({"at": "now", "loans": []}, "loans.json: at: 'now' is not a date"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_file_that_cannot_be_is_one_line_and_records_nothing(what: str, tmp_path: Path) -> None:
    document, said = WRONG[what]
    assert said in look(tmp_path, document).mistake()
    assert set(tree(tmp_path)) == {"loans.json"}


def test_other_mistakes(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff{")
    assert "is no JSON" in ballast(tmp_path, "ltv", "--file", "x.json").mistake()
    assert "no such file" in ballast(tmp_path, "ltv", "--file", "y.json").mistake()
    assert "where are the loans?" in ballast(tmp_path, "ltv").mistake()
    assert (
        "looks at what is recorded"
        in ballast(tmp_path, "ltv", "--history", "--file", "x.json").mistake()
    )
    line = ballast(tmp_path, "--set", "gate.ltv_alarm=0.4", "ltv", "--history").mistake()
    assert "0.5 is above gate.ltv_alarm" in line
