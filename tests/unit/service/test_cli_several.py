"""`--with`: strategies beside the first, on symbols of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.shell import ballast, csv_rows, write_csv

from ballast.core.errors import UserError
from ballast.service.cli.several import all_symbols, parse_with
from ballast.service.config import load

CONFIG = load(start=Path("/"), environment={})

# what is written, the symbols, the numbers
FORMS = {
    "one": ("momentum=ETHUSDT", ("ETHUSDT",), {}),
    "many": ("momentum=ETHUSDT, SOLUSDT", ("ETHUSDT", "SOLUSDT"), {}),
    "numbers": (
        "momentum=ETHUSDT:window=9,threshold=1",
        ("ETHUSDT",),
        {"window": 9.0, "threshold": 1.0},
    ),
    "a colon of its own": ("momentum=BTC/USDT:USDT,ETHUSDT", ("BTC/USDT:USDT", "ETHUSDT"), {}),
    "at the end": ("momentum=ETHUSDT,BTC/USDT:USDT", ("ETHUSDT", "BTC/USDT:USDT"), {}),
    "both": ("momentum=BTC/USDT:USDT:window=9", ("BTC/USDT:USDT",), {"window": 9.0}),
}


@pytest.mark.parametrize("case", FORMS)
def test_what_is_written_is_read(case: str) -> None:
    text, symbols, params = FORMS[case]
    (found,) = parse_with(CONFIG, [text])
    assert (found.strategy.name, found.symbols, found.params) == ("momentum", symbols, params)


@pytest.mark.parametrize(
    "text", ["momentum", "momentum=", "=ETHUSDT", "momentum=:window=9", "momentum=ETHUSDT:window"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--with"):
        parse_with(CONFIG, [text])


def test_a_symbol_that_the_first_has_too_has_two_owners() -> None:
    others = parse_with(CONFIG, ["momentum=ETHUSDT"])
    assert all_symbols(["BTCUSDT"], others) == ["BTCUSDT", "ETHUSDT"]
    assert all_symbols(None, others) is None
    with pytest.raises(UserError, match="ETHUSDT is given to"):
        all_symbols(["ETHUSDT"], others)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = tmp_path_factory.mktemp("several")
    for place, symbol in enumerate(("BTCUSDT", "ETHUSDT")):
        write_csv(space / f"BINANCE-{symbol}-1h.csv", csv_rows(900, volume=1e6, seed=place))
    for verb in (("init",), ("data", "import", *(one.name for one in space.glob("*.csv")))):
        done = ballast(space, *verb)
        assert done.code == 0, done
    return space


def test_a_backtest_of_two(space: Path) -> None:
    done = ballast(
        space, "backtest", "ema_cross", "--with", "momentum=eth/usdt:window=30", "--json"
    )
    assert done.code == 0, done
    (other,) = done.json()["card"]["others"]
    assert (other["strategy"], other["symbols"]) == ("momentum", ["ETHUSDT"])
    assert other["params"]["window"] == 30
    assert ballast(space, "repro").code == 0
    assert ballast(space, "results", "--json").json()[0]["strategy"] == "ema_cross + momentum"


@pytest.mark.parametrize(
    "verb", ["sweep", "walkforward", "optimize", "certify", "attack", "stress"]
)
def test_what_judges_one_strategy_says_so(verb: str, space: Path) -> None:
    done = ballast(space, verb, "ema_cross", "--with", "momentum=ETHUSDT")
    assert done.code == 2
    assert done.err.startswith(f"error: --with: `ballast {verb}` is of one strategy")
