"""The newcomer's path, from an empty folder to a repeated run, and JSON from every verb on it."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.data import SHARED, needs_data
from tests.fakes.legacy import STATE
from tests.fakes.shell import ballast, csv_rows, write_csv

from ballast.research.sweep_row import METRICS
from ballast.service.cli.main import VERBS

OWN = '''"""Buy when the fast average is above the slow one."""

from ballast.strategies import atr_stop, close, ema, param, params, strategy

p = params(fast=param(5, 2, 50), slow=param(20, 3, 200))
STRATEGY = strategy(
    "mine",
    params=p,
    require=[p.fast < p.slow],
    enter_long=ema(close, p.fast) > ema(close, p.slow),
    exit_long=ema(close, p.fast) < ema(close, p.slow),
    stop=atr_stop(3.0),
)
'''


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two symbols of 1,500 hours and one strategy of one's own."""
    home = tmp_path_factory.mktemp("journey")
    ballast(home, "init", "--json").json()
    for seed, symbol in enumerate(("BTCUSDT", "ETHUSDT"), 3):
        rows = csv_rows(1_500, seed=seed, volume=1e6)
        write_csv(home / f"BINANCE-{symbol}-1h.csv", rows)
    ballast(home, "data", "import", "BINANCE-*.csv", "--json").json()
    (home / "strategies" / "mine.py").write_text(OWN)
    (home / "former.json").write_text(json.dumps(STATE))
    return home


def test_from_an_empty_folder_to_a_repeated_run(tmp_path: Path) -> None:
    """R-CLI-15, R-DOC-01: every step of a first evening, what it says and what it leaves."""

    def run(*arguments: str) -> str:
        done = ballast(tmp_path, *arguments)
        assert done.code == 0, (arguments, done)
        assert "Traceback" not in done.err
        return done.out

    run("init")
    write_csv(tmp_path / "BINANCE-BTCUSDT-1h.csv", csv_rows(1_500, volume=1e6))
    assert "1500" in run("data", "import", "BINANCE-BTCUSDT-1h.csv")
    assert "BTCUSDT" in run("data", "list")
    assert "score" in run("data", "check", "BTCUSDT").lower()
    assert "stochrsi" in run("strategies")
    run("new-strategy", "mine")
    assert "mine" in run("strategies")
    run("strategies", "check", "mine")
    (tmp_path / "strategies" / "mine.py").write_text(OWN)
    first = run("backtest", "mine")
    assert "Sharpe" in first
    second = run("backtest", "mine", "-p", "fast=9", "--report")
    assert first != second
    folders = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert len(folders) == 2
    assert (tmp_path / "results" / _last(tmp_path) / "report.html").is_file()
    assert run("show") == run("show", "last")
    page = run("report", "last", "--out", "page.html").strip()
    assert page == str(tmp_path / "page.html")
    ledger = list(csv.DictReader(io.StringIO(run("trades", "--csv"))))
    assert len(ledger) > 5
    sizes = list(csv.DictReader(io.StringIO(run("sizes", "--csv"))))
    assert sum(not one["reason"] for one in sizes) >= len(ledger)
    assert "lots" in run("sizes")
    assert "fast" in run("compare", *folders)
    swept = run("sweep", "mine", "-r", "fast=3..6", "-r", "slow=20,30")
    assert "best by sharpe" in swept
    assert swept == run("sweep", "mine", "-r", "fast=3..6", "-r", "slow=20,30")
    assert len(list((tmp_path / "results" / "sweeps").glob("*/heatmap-sharpe.html"))) == 1
    assert "identical" in run("repro")
    assert "identical" in run("repro", folders[0][:8])
    assert run("results").count("mine") == 2


def _last(home: Path) -> str:
    return str(ballast(home, "results", "--json").json()[-1]["run"])


# verb, and the keys of its document that scripts may rely on ("[]": of each row of a list)
KEYS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "backtest": (
        ("backtest", "mine", "-s", "BTCUSDT"), {"card", "summary", "notes", "folder", "report"}
    ),
    "backtest with a report": (
        ("backtest", "mine", "--report"), {"card", "summary", "notes", "folder", "report"}
    ),
    "sweep": (
        ("sweep", "mine", "-r", "fast=3..5"),
        {"sweep", "combinations", "skipped", "metric", "table", "heatmap", "best"},
    ),
    "walkforward": (
        ("walkforward", "mine", "-s", "BTCUSDT", "-r", "fast=3..6", "--folds", "2"),
        {"study", "strategy", "folds", "combinations", "stats", "efficiency", "remarks"},
    ),
    "optimize": (
        ("optimize", "mine", "-s", "BTCUSDT", "-r", "fast=3..6", "--folds", "2"), {"studies"}
    ),
    "attack": (("attack", "mine"), {"cheats", "remarks", "attacks"}),
    "stress": (("stress", "mine"), {"strategy", "seed", "plain", "costs", "plateau", "capacity"}),
    "signals": (("signals",), {"runs", "pairs"}),
    "trials": (("trials",), {"trials", "repeats", "uncounted", "families"}),
    "trials verify": (("trials", "verify"), {"whole", "trials", "head", "problems", "remarks"}),
    "repro": (("repro",), {"run", "identical", "files", "differing", "causes"}),
    "show": (("show",), {"card", "summary", "series", "trades", "notes"}),
    "report": (("report",), {"run", "report"}),
    "trades": (("trades",), {"[]", "id", "symbol", "side", "pnl", "exit_reason", "r"}),
    "sizes": (("sizes",), {"[]", "symbol", "wanted", "by_drawdown", "cap_cash", "cap", "lots"}),
    "results": (("results",), {"[]", "run", "strategy", "return", "drawdown", "sharpe", "trades"}),
    "compare": (("compare", "last", "last"), {"parting", "figures", "words"}),
    "import-legacy": (
        ("import-legacy", "former.json"),
        {"counts", "strategies", "adopt", "written", "unchanged", "left_out", "remarks"},
    ),
    "strategies": (("strategies",), {"[]", "name"}),
    "strategies show": (("strategies", "show", "mine"), {"name", "params"}),
    "strategies check": (("strategies", "check", "mine"), {"strategy", "causal"}),
    "new-strategy": (("new-strategy", "other"), {"strategy", "file"}),
    "data list": (("data", "list"), {"candles"}),
    "data show": (("data", "show", "BTCUSDT"), {"bars", "missing", "gaps"}),
    "data check": (("data", "check", "BTCUSDT"), {"series"}),
    "paper": (
        ("paper", "mine", "-s", "BTCUSDT", "--bars", "3"),
        {"account", "mode", "equity", "fills", "positions", "limits", "decisions", "is_over"},
    ),
    **{
        verb: ((verb, "--reason", "a test"), {"command", "account", "outcome"})
        for verb in ("pause", "resume", "flatten", "kill", "release")
    },
    "announce": (
        ("announce", "US CPI", "--for", "2h", "-s", "BTCUSDT"),
        {"name", "source", "account", "outcome"},
    ),
    "explain": (("explain",), {"decisions", "orders", "strategies"}),
    "status": (("status",), {"portfolio", "positions", "parameters", "history"}),
    "reconcile": (("reconcile",), {"outcome", "looks"}),
    "audit": (("audit",), {"records", "head"}),
    "audit verify": (("audit", "--verify"), {"whole", "records", "head", "problems", "remarks"}),
    "replay": (("replay",), {"events", "effects", "starts", "mode", "holdings", "open_orders"}),
    "journal status": (("journal", "status"), {"journal", "account", "exists"}),
    "ltv": (("ltv", "--history"), {"history"}),
    "keys list": (("keys", "list"), {"keys"}),
    "keys check": (("keys", "check"), {"ok", "remarks"}),
    "show-config": (("show-config",), {"settings", "hash"}),
    "config check": (("config", "check"), {"mode"}),
    "doctor": (("doctor",), {"findings"}),
    "init": (("init", "another"), {"folders"}),
}  # fmt: skip


@pytest.mark.parametrize("verb", KEYS)
def test_every_verb_speaks_json_with_stable_keys(verb: str, space: Path) -> None:
    """R-CLI: one document on stdout, nothing else there, and the keys that scripts use."""
    if verb not in {"backtest", "new-strategy", "doctor", "init"}:
        assert ballast(space, "backtest", "mine", "-s", "BTCUSDT").code == 0
    arguments, keys = KEYS[verb]
    document = ballast(space, *arguments, "--json").json()
    if "[]" in keys:
        assert document
        assert all(keys - {"[]"} <= set(row) for row in document)
    else:
        assert keys <= set(document), sorted(document)


def test_every_verb_is_in_the_table_of_keys() -> None:
    """A new verb gets its row, unless its tests of its own hold its keys."""
    named = {arguments[0] for arguments, _ in KEYS.values()}
    apart = {
        "demo", "config", "indicators", "certify", "venue", "reset", "live", "preflight",
        "diagnose", "symbols", "universe", "supervise", "adopt",
    }  # fmt: skip
    assert set(VERBS) - named <= apart, set(VERBS) - named


def test_a_sweep_says_the_same_as_its_table_and_as_the_backtests(space: Path) -> None:
    arguments = ("mine", "-r", "fast=3..9:2", "-r", "slow=20,40", "--metric", "total_return")
    found = ballast(space, "sweep", *arguments, "--top", "3", "--json").json()
    table = pq.read_table(found["table"])
    assert (found["combinations"], found["skipped"], len(found["best"])) == (16, 0, 3)
    assert set(METRICS) < set(table.column_names)
    best = found["best"][0]
    assert best["total_return"] == max(table["total_return"].to_pylist())
    single = ballast(
        space, "backtest", "mine", "-s", best["symbol"], "--json",
        "-p", f"fast={best['fast']}", "-p", f"slow={best['slow']}",
    ).json()  # fmt: skip
    assert single["summary"]["returns"]["total"] == pytest.approx(best["total_return"], rel=1e-9)


def test_a_sweep_of_several_symbols_together(space: Path) -> None:
    found = ballast(space, "sweep", "mine", "-r", "fast=3,5", "--together", "--json").json()
    assert found["combinations"] == 2
    assert found["heatmap"] is None, "one axis draws no map"
    assert {row["symbol"] for row in found["best"]} == {"BTCUSDT+ETHUSDT"}


def test_settings_of_one_symbol_hold_in_backtest_and_sweep(space: Path, tmp_path: Path) -> None:
    """R-PORT-02: written with a slash, stored without."""
    own = tmp_path / "own.toml"
    own.write_text('[symbols."BTC/USDT".costs]\ntaker = 0.01\n')
    at = ("--config", str(space / "ballast.toml"), "--config", str(own), "--json")
    run = ballast(space, "backtest", "mine", "-s", "BTCUSDT", *at).json()
    assert run["card"]["settings"]["symbols"]["BTCUSDT"]["costs"]["taker"] == 0.01
    swept = ballast(space, "sweep", "mine", "-s", "BTCUSDT", "-r", "fast=5", *at).json()
    assert swept["best"][0]["fees"] == pytest.approx(run["summary"]["costs"]["fees"])
    plain = ballast(space, "backtest", "mine", "-s", "BTCUSDT", "--json").json()
    assert plain["summary"]["costs"]["fees"] != run["summary"]["costs"]["fees"]


def test_switches_are_true_and_false(space: Path) -> None:
    """`--param use_stoch=false` was once refused as no number."""
    ids = [
        ballast(space, "backtest", "stochrsi", "-p", f"use_stoch={word}", "--json").json()
        for word in ("false", "0", "true")
    ]
    assert ids[0]["card"]["run_id"] == ids[1]["card"]["run_id"] != ids[2]["card"]["run_id"]


def test_without_the_gate_and_audited(space: Path) -> None:
    done = ballast(space, "backtest", "mine", "--no-gate", "--audit", "--cash", "500", "--json")
    found = done.json()
    assert any("safety gate was off" in note for note in found["notes"])
    assert found["summary"]["account"]["initial"] == 500.0


def test_repro_after_a_change_exits_1_or_says_what_is_missing(space: Path, tmp_path: Path) -> None:
    """Other fees: it runs, differs and says why. Other bars: there is nothing to repeat."""
    space = Path(shutil.copytree(space, tmp_path / "space"))
    assert ballast(space, "backtest", "mine", "-s", "ETHUSDT").code == 0
    rates = ("--maker", "0.001", "--taker", "0.002", "--from", "2022-12-01")
    assert ballast(space, "data", "fees", "set", "--venue", "BINANCE", *rates).code == 0
    done = ballast(space, "repro", "--json")
    assert done.code == 1
    said = json.loads(done.out)
    assert not said["identical"]
    assert {"card.json", "fills.parquet"} <= set(said["differing"])
    assert [cause.endswith("of the store changed") for cause in said["causes"]] == [True]
    rows = csv_rows(1_500, seed=4, volume=1e6)
    at, opened, high, low, _, volume = rows[700].split(",")
    changed = f"{at},{opened},{high},{low},{high},{volume}"
    write_csv(space / "BINANCE-ETHUSDT-1h.csv", [*rows[:700], changed, *rows[701:]])
    assert ballast(space, "data", "import", "BINANCE-ETHUSDT-1h.csv").code == 0
    assert "the bars are not the ones that were traded" in ballast(space, "repro").mistake()


def test_the_last_run_is_the_one_that_was_run_last(space: Path) -> None:
    """A run that was there already once kept its old time, and `show` showed another."""
    ids = [
        ballast(space, "backtest", "mine", "-p", f"fast={fast}", "--json").json()["card"]["run_id"]
        for fast in (6, 7, 6)
    ]
    assert ballast(space, "repro", "--json").json()["run"] == ids[0] == ids[2] != ids[1]


SCENARIOS = ("stochrsi", "stochrsi_sma", "stochrsi_adx", "stochrsi_trix")
REAL = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT")


@needs_data
def test_the_four_scenarios_on_five_years_of_real_hours(tmp_path: Path) -> None:
    """The issue's main job: import, four audited backtests with shared cash, one of them again."""
    ballast(tmp_path, "init")
    files = [str(SHARED / "candles" / f"BINANCE-{name}-1h.parquet") for name in REAL]
    imported = ballast(tmp_path, "data", "import", *files, "--json").json()["files"]
    assert sum(row["inserted"] for row in imported) > 4 * 40_000
    period = ("--period", "2021-01-01..2026-01-01")
    for name in SCENARIOS:
        done = ballast(tmp_path, "backtest", name, *period, "--audit", "--json").json()
        trades = done["summary"]["trades"]
        assert trades["count"] > 100, name
        assert len(done["summary"]["symbols"]) == 4
        assert done["summary"]["account"]["final"] > 5_000.0
    assert ballast(tmp_path, "repro", "--json").json()["identical"]
