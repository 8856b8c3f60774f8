"""Whatever the bytes: events or a stated fault, and never an exception.

`make fuzz` draws a million messages a family; here it is 50,000, or `BALLAST_MUTATIONS`, and 2,000
where the compiler is switched off (`make cover`).
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data import needs_data
from tests.fakes.mutations import broken
from tests.fakes.recorded import (
    FIXTURES,
    PAIRED,
    SESSIONS,
    AnySymbol,
    documents_of,
    lines_of,
    session,
)

from ballast.core.marketdata import (
    BookUpdate,
    Candle,
    Control,
    Event,
    Liquidation,
    Quote,
    TheirFault,
    Ticker,
    Trade,
)
from ballast.venues.normalise.parse import PROTOCOLS, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
COUNT = int(os.environ.get("BALLAST_MUTATIONS", "2000" if INTERPRETED else "50000"))
SEED = int(os.environ.get("BALLAST_SEED", "7"))
INT64_MAX = 2**63 - 1
FAMILIES: Mapping[str, str] = {
    "binance": "BINANCEUSDM",
    "bybit": "BYBITLINEAR",
    "okx": "OKXSWAP",
    "kraken": "KRAKEN",
    "coinbase": "COINBASE",
    "hyperliquid": "HYPERLIQUID",
    "deribit": "DERIBIT",
}
L2 = {
    "binance": ["binance-cm_btcusd_perp_20240808.txt.zst", "binance-spot_btcusdt_20240808.txt.zst"],
    "bybit": ["bybit-linear-xrpusdt-ob500-2024-12-01.jsonl.zst"],
    "hyperliquid": ["hyperliquid-btcusd_20250126.txt.zst"],
}
EACH = 150
"""Messages taken of each source: its first ones, where all kinds occur."""


def corpus(family: str) -> list[bytes]:
    """Return real messages of a family, public and private, old and new."""
    found: list[bytes] = []
    for name, venue in SESSIONS.items():
        if venue.lower().startswith(family):
            found += [frame for frame, _ in session(name)[:EACH]]
    for name, venue in FIXTURES.items():
        if venue.lower() == family:
            records = documents_of(f"api/fixtures/{name}")
            found += [msgspec.json.encode(record["payload"]) for record in records]
    for pair in documents_of("api/raw-to-normalized.jsonl.zst"):
        if PAIRED.get(pair["exchange"], "").lower().startswith(family):
            found.append(msgspec.json.encode(pair["raw"]))
    for name in L2.get(family, []):
        lines = lines_of(f"l2/{name}")[:EACH]
        found += [line.partition(b" ")[2] if line[:1].isdigit() else line for line in lines]
    return found


def _check(event: Event) -> None:
    """Hold what an event promises: whole numbers that fit, known sides, times from 1970 on."""
    match event:
        case BookUpdate():
            for levels in (event.bids, event.asks):
                assert levels.shape[1] == 3
                assert (levels >= 0).all()
            numbers = [event.at_ns]
            ids = (event.first_id, event.last_id, event.prev_id)
            assert all(-1 <= number <= INT64_MAX for number in ids)
        case Trade() | Liquidation():
            assert event.side in {1, -1}
            numbers = [event.at_ns, event.price_ticks, event.qty_lots]
        case Quote():
            numbers = [event.at_ns, abs(event.bid_ticks), event.bid_lots, event.ask_lots]
        case Candle():
            numbers = [event.at_ns, event.open_ticks, event.low_ticks, event.volume_lots]
        case Ticker() | Control():
            return
    assert all(isinstance(number, int) and 0 <= number <= INT64_MAX for number in numbers), event


@needs_data
@pytest.mark.parametrize("family", FAMILIES)
def test_broken_messages_give_events_or_a_stated_fault(family: str) -> None:
    """A quarter of the damage leaves a message that still means something: both ways are taken."""
    venue, grids = FAMILIES[family], AnySymbol()
    said: Counter[str] = Counter()
    for frame in broken(corpus(family), SEED, COUNT):
        found = normalise(venue, frame, grids, "X")
        if isinstance(found, TheirFault):
            said["fault"] += 1
            assert found.why
            continue
        assert found, frame
        said["events"] += 1
        for event in found:
            _check(event)
    assert said.total() == COUNT
    assert said["fault"] > COUNT // 4
    assert said["events"] > COUNT // 100


@given(st.binary(max_size=200), st.sampled_from(sorted(PROTOCOLS)))
def test_any_bytes_at_all_give_events_or_a_stated_fault(frame: bytes, venue: str) -> None:
    found = normalise(venue, frame, AnySymbol(), "X")
    assert isinstance(found, TheirFault) or found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["e", "data", "topic", "arg", "channel", "b", "a", "type"]),
                      inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(sorted(PROTOCOLS)))
def test_any_json_gives_events_or_a_stated_fault(document: object, venue: str) -> None:
    found = normalise(venue, msgspec.json.encode(document), AnySymbol(), "X")
    assert isinstance(found, TheirFault) or found
