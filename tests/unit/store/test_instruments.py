"""The instrument book: dated rules, tiers and fees; a person's fees win."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.disk import Crash, CrashingDisk, FullDisk

from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind, LeverageTier
from ballast.store.fees import parse_rate, read_schedule
from ballast.store.instruments import InstrumentBook

if TYPE_CHECKING:
    from pathlib import Path

BTC = Instrument(
    venue="BINANCEUSDM",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=Kind.PERPETUAL,
    tick=Decimal("0.10"),
    lot=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(120),
    min_notional=Decimal(100),
    max_price=Decimal(809_484),
)
TIERS = (LeverageTier(0.0, 5e4, 125.0, 0.004), LeverageTier(5e4, 6e5, 100.0, 0.005, 50.0))


def test_an_instrument_comes_back_exactly(tmp_path: Path) -> None:
    whole = replace(BTC, tiers=TIERS, fees=(FeeRate(100, 0.0002, 0.0005),), tags=("a",))
    book = InstrumentBook(tmp_path)
    assert book.put(whole, 100)
    assert not book.put(whole, 100)
    assert not book.put(whole, 200), "the same rules later are no news"
    found = InstrumentBook(tmp_path).get("binanceusdm", "BTC/USDT:USDT")
    assert found == whole
    assert str(found.tick) == "0.10"


def test_rules_hold_from_their_date_on(tmp_path: Path) -> None:
    book = InstrumentBook(tmp_path)
    finer = replace(BTC, tick=Decimal("0.01"))
    book.put(finer, 2_000)
    book.put(BTC, 1_000)
    ticks = {at: book.get("BINANCEUSDM", "BTCUSDT", at).tick for at in (0, 1_000, 1_999, 2_000)}
    assert [str(tick) for tick in ticks.values()] == ["0.10", "0.10", "0.10", "0.01"]
    assert book.get("BINANCEUSDM", "BTCUSDT").tick == Decimal("0.01")
    assert book.first_known("BINANCEUSDM", "BTCUSDT") == 1_000
    book.put(BTC, 500)
    assert book.first_known("BINANCEUSDM", "BTCUSDT") == 500


def test_tiers_are_dated_and_find_their_symbol(tmp_path: Path) -> None:
    book = InstrumentBook(tmp_path)
    book.put(BTC, 0)
    later = (replace(TIERS[0], max_leverage=50.0),)
    assert book.put_tiers("BINANCEUSDM", {"BTC/USDT:USDT": TIERS, "X/Y:Y": TIERS}, 10) == (
        1,
        ["X/Y:Y"],
    )
    assert book.put_tiers("BINANCEUSDM", {"BTC/USDT:USDT": later}, 20) == (1, [])
    assert book.get("BINANCEUSDM", "BTCUSDT", 15).tiers == TIERS
    assert book.get("BINANCEUSDM", "BTCUSDT", 25).tiers == later


def test_fees_set_by_a_person_win(tmp_path: Path) -> None:
    """R-COST-01: a dated schedule; symbol before venue, both before the exchange's list."""
    book = InstrumentBook(tmp_path)
    listed, general, own = (FeeRate(0, rate, rate) for rate in (0.1e-2, 0.2e-2, 0.3e-2))
    book.put(replace(BTC, fees=(listed,)), 0)
    assert book.get("BINANCEUSDM", "BTCUSDT").fees == (listed,)
    book.put_fees("BINANCEUSDM", None, [general])
    assert book.get("BINANCEUSDM", "BTCUSDT").fees == (general,)
    later = replace(own, from_ms=50, taker=0.004)
    assert book.put_fees("BINANCEUSDM", "BTC/USDT:USDT", [later, own]) == 2
    assert book.get("BINANCEUSDM", "BTCUSDT", 10).fees == (own, later)
    assert book.fees("BINANCEUSDM", "ETHUSDT") == book.fees("BINANCEUSDM") == (general,)


def test_what_compiled_code_cannot_hold_is_refused(tmp_path: Path) -> None:
    huge = replace(BTC, max_qty=Decimal(10) ** 14)
    with pytest.raises(DataError, match="does not fit 63 bits"):
        InstrumentBook(tmp_path).put(huge, 0)
    assert InstrumentBook(tmp_path).venues() == []


def test_unknown_and_damaged_books_are_one_line(tmp_path: Path) -> None:
    book = InstrumentBook(tmp_path)
    book.put(BTC, 0)
    with pytest.raises(DataError, match=r"no data for the symbol 'BTCUSDC'.*'BTCUSDT'"):
        book.get("BINANCEUSDM", "BTCUSDC")
    assert not book.has("BINANCE", "BTCUSDT")
    path = tmp_path / "instruments" / "BINANCEUSDM.json"
    whole = path.read_text()
    for damaged in ("", "{", whole.replace('"0.10"', '"-1"'), whole.replace("perpetual", "x")):
        path.write_text(damaged)
        with pytest.raises(DataError, match=r"BINANCEUSDM.json: not an instrument file"):
            book.get("BINANCEUSDM", "BTCUSDT")
    path.write_text(whole.replace('"format": 1', '"format": 9'))
    with pytest.raises(DataError, match="newer Ballast"):
        book.get("BINANCEUSDM", "BTCUSDT")


def test_a_kill_or_a_full_disk_leaves_the_old_book(tmp_path: Path) -> None:
    InstrumentBook(tmp_path).put(BTC, 0)
    finer = replace(BTC, tick=Decimal("0.01"))
    for calls in range(20):
        try:
            InstrumentBook(tmp_path, disk=CrashingDisk(calls)).put(finer, 1)
        except Crash:
            InstrumentBook(tmp_path).get("BINANCEUSDM", "BTCUSDT")
        else:
            break
    assert InstrumentBook(tmp_path).get("BINANCEUSDM", "BTCUSDT").tick == finer.tick
    with pytest.raises(DataError, match="the disk is full"):
        InstrumentBook(tmp_path, disk=FullDisk(0)).put(BTC, 2)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.001", 0.001), ("0.1%", 0.001), ("10bps", 0.001), ("-0.01 %", -0.0001), ("0", 0.0)],
)
def test_rates_are_read_in_every_unit(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(("text", "said"), [("0.1", "write 0.1%"), ("x", "0.1% or 10bps")])
def test_doubtful_rates_are_refused(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_rate(text)


def test_schedules_come_from_toml_and_csv(tmp_path: Path) -> None:
    toml, table = tmp_path / "fees.toml", tmp_path / "fees.csv"
    toml.write_text(
        '[[fee]]\nfrom = "2024-01-01"\nmaker = "0.1%"\ntaker = 0.001\n'
        '[[fee]]\nfrom = 2024-07-01\nmaker = "8bps"\ntaker = "10bps"\nsymbol = "BTCUSDT"\n'
    )
    table.write_text(
        "from,maker,taker,symbol\n2024-01-01,0.1%,0.001,\n2024-07-01,8bps,10bps,BTCUSDT\n"
    )
    expected = {
        None: [FeeRate(1_704_067_200_000, 0.001, 0.001)],
        "BTCUSDT": [FeeRate(1_719_792_000_000, 0.0008, 0.001)],
    }
    assert read_schedule(toml) == read_schedule(table) == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[[fee]]\nfrm = 1", "unknown name 'frm'.*did you mean 'from'"),
        ("a.toml", "[fee", "not TOML"),
        ("a.toml", "[other]\na = 1", "not a fee file"),
        ("a.toml", "", "no fees in this file"),
        ("a.csv", "from,maker,taker\n2024-01-01,0.1%,", "a.csv entry 1: 'taker' is missing"),
        ("a.csv", "from,maker,taker\nsoon,0.1%,0.1%", "entry 1: 'soon' is not a date"),
    ],
)
def test_wrong_schedules_are_one_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_schedule(path)
    with pytest.raises(DataError, match="no such file"):
        read_schedule(tmp_path / "b.toml")
