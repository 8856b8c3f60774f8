"""Exchange metadata: exact decimals out of every age of every exchange's list."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import SHARED, needs_data

from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind
from ballast.store.instruments import InstrumentBook
from ballast.store.metadata.model import exact, fitted
from ballast.store.metadata.read import read_metadata

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = SHARED / "metadata"


def _spot(**changes: object) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01000000", "maxPrice": "1000000.00"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00100", "minQty": "0.00100", "maxQty": "900.0"},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.0", "minQty": "0.0", "maxQty": "120.5"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
    ]
    row = {"symbol": "ABUSDT", "status": "TRADING", "baseAsset": "AB", "quoteAsset": "USDT"}
    return row | {"filters": filters} | changes


def _write(folder: Path, document: object, name: str = "a-2024-01-31.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(document))
    return path


def test_filters_become_exact_rules(tmp_path: Path) -> None:
    document = {"serverTime": 7, "symbols": [_spot(), _spot(symbol="CD", status="BREAK")]}
    (page,) = read_metadata(_write(tmp_path, document))
    assert (page.venue, page.at_ms, page.skipped) == ("BINANCE", 7, {})
    first, second = page.instruments
    assert (first.tick, first.lot, first.min_qty) == (
        Decimal("0.01"),
        Decimal("0.001"),
        Decimal("0.001"),
    )
    assert (first.max_qty, first.min_notional) == (Decimal("120.5"), Decimal(5))
    assert second.tags == ("status:BREAK",)


def test_what_cannot_be_used_is_named_with_its_reason(tmp_path: Path) -> None:
    broken = _spot(symbol="EF")
    broken["filters"] = broken["filters"][:1]
    (page,) = read_metadata(_write(tmp_path, {"symbols": [_spot(), broken]}), from_ms=3)
    assert page.at_ms == 3
    assert page.skipped == {"EF": "incomplete: 'LOT_SIZE'"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "no known list of instruments"),
        ({"a": 1}, "no known list of instruments"),
        ({"symbols": [{}]}, "the instrument list is incomplete"),
        ({"code": "0", "data": [{}]}, "the instrument list is incomplete"),
    ],
)
def test_other_documents_are_one_line(tmp_path: Path, document: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_metadata(_write(tmp_path, document))


def test_a_list_without_a_date_needs_one(tmp_path: Path) -> None:
    path = _write(tmp_path, {"symbols": [_spot()]}, "a.json")
    with pytest.raises(DataError, match="give --from"):
        read_metadata(path)
    path.write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        read_metadata(path)


@pytest.mark.parametrize(
    ("text", "printed"), [("0.00100000", "0.001"), ("100", "100"), ("1E+3", "1000"), (5, "5")]
)
def test_decimals_lose_their_trailing_zeros(text: object, printed: str) -> None:
    assert str(exact(text)) == printed


def test_absurd_maxima_are_cut_to_what_fits() -> None:
    absurd = Instrument(
        "X", "AB", "A", "B", tick=Decimal("0.01"), lot=Decimal("0.000001"), max_qty=Decimal(10**7)
    )
    cut = fitted(absurd)
    cut.check_kernel_bounds()
    assert cut.tags == ("max_qty:reduced",)
    assert 4_000 < cut.max_qty < 5_000
    assert cut.max_price == Decimal(10_000_000)
    sane = Instrument("X", "AB", "A", "B", max_qty=Decimal(100))
    assert fitted(sane) == sane


COUNTS = {
    "binance-spot-exchangeInfo-2018-02-10.json.zst": {"BINANCE": (265, 0)},
    "binance-spot-exchangeInfo-2024-09-08.json.zst": {"BINANCE": (1_248, 0)},
    "binance-usdm-exchangeInfo-2021-07-22.json.zst": {"BINANCEUSDM": (119, 3)},
    "binance-usdm-exchangeInfo-2026-03-31.json.zst": {"BINANCEUSDM": (692, 13)},
    "bybit-v2-symbols-2021-04-17.json.zst": {"BYBITLINEAR": (9, 6)},
    "coinbase-products-2021-04-17.json.zst": {"COINBASE": (162, 0)},
    "kraken-AssetPairs-2021-04-17.json.zst": {"KRAKEN": (293, 11)},
    "okx-instruments-2022-05-13.json.zst": {"OKX": (513, 104), "OKXSWAP": (126, 40)},
}


@needs_data
@pytest.mark.parametrize("name", list(COUNTS))
def test_every_real_list_is_read_whole(tmp_path: Path, name: str) -> None:
    pages = read_metadata(FOLDER / name)
    assert {p.venue: (len(p.instruments), len(p.skipped)) for p in pages} == COUNTS[name]
    book = InstrumentBook(tmp_path)
    for page in pages:
        assert page.at_ms is not None
        assert book.put_all(page.instruments, page.at_ms) == len(page.instruments)
        for instrument in page.instruments[:20]:
            assert book.get(page.venue, instrument.symbol, page.at_ms) == instrument


@needs_data
def test_real_numbers_of_well_known_symbols() -> None:
    def find(name: str, symbol: str) -> Instrument:
        pages = read_metadata(FOLDER / name)
        return next(i for page in pages for i in page.instruments if i.symbol == symbol)

    perpetual = find("binance-usdm-exchangeInfo-2026-03-31.json.zst", "BTCUSDT")
    assert perpetual.kind is Kind.PERPETUAL
    assert (str(perpetual.tick), str(perpetual.lot), str(perpetual.max_qty)) == (
        "0.1",
        "0.0001",
        "120",
    )
    assert (perpetual.min_notional, perpetual.listed_ms) == (Decimal(100), 1_569_398_400_000)
    old = find("binance-usdm-exchangeInfo-2021-07-22.json.zst", "BTCUSDT")
    assert (str(old.tick), str(old.lot), old.min_notional) == ("0.01", "0.001", Decimal(5))
    swap = find("okx-instruments-2022-05-13.json.zst", "BTC-USDT-SWAP")
    assert (str(swap.lot), str(swap.max_qty), swap.base) == ("0.01", "16", "BTC")
    kraken = find("kraken-AssetPairs-2021-04-17.json.zst", "BTC/USD")
    assert (str(kraken.tick), kraken.fees[0].maker, kraken.fees[0].taker) == ("0.1", 0.0016, 0.0026)
    bybit = find("bybit-v2-symbols-2021-04-17.json.zst", "BTCUSDT")
    assert (str(bybit.tick), str(bybit.lot)) == ("0.5", "0.001")
    assert bybit.fees == (FeeRate(1_618_677_785_322, -0.00025, 0.00075),)


@needs_data
def test_leverage_tiers_join_the_rules_and_are_continuous(tmp_path: Path) -> None:
    book = InstrumentBook(tmp_path)
    (rules,) = read_metadata(FOLDER / "binance-usdm-exchangeInfo-2026-03-31.json.zst")
    assert rules.at_ms is not None
    book.put_all(rules.instruments, rules.at_ms)
    (page,) = read_metadata(FOLDER / "binance-usdm-leverage-tiers-2026.json.zst", from_ms=9)
    news, unknown = book.put_tiers(page.venue, page.tiers, 9)
    assert news > 600
    assert news + len(unknown) == len(page.tiers) == 719
    tiers = book.get("BINANCEUSDM", "BTCUSDT").tiers
    assert tiers[0].max_leverage >= 100
    for below, above in pairwise(tiers):
        assert below.cap == above.floor
        before, after = (above.floor * tier.maintenance - tier.deduction for tier in (below, above))
        assert before == pytest.approx(after, rel=1e-6)
