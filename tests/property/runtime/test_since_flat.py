"""Where a position began, walked back from what is held now."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ballast.core.orders import Fill, PositionSide, Side
from ballast.oms.holdings import FLAT, Coin
from ballast.runtime.adopting import since_flat

COIN = Coin("BTC", 1_000)
SIGNED = st.lists(st.integers(-9, 9).filter(bool), min_size=1, max_size=30)


def fills_of(signed: list[int], fee_asset: str = "USDT", fee_atoms: int = 0) -> list[Fill]:
    return [
        Fill(
            number, number, "", 0, "BTCUSDT", Side.BUY if lots > 0 else Side.SELL,
            PositionSide.BOTH, 100 + number, abs(lots), False, fee_asset, fee_atoms, 0, number,
        )
        for number, lots in enumerate(signed, 1)
    ]  # fmt: skip


@given(SIGNED)
def test_the_trades_since_nothing_was_held_make_what_is_held(signed: list[int]) -> None:
    """Mean price, parts sold and gain are those of all trades since the last time of nothing."""
    fills = fills_of(signed)
    holding, begun = FLAT, 0
    for place, fill in enumerate(fills):
        before, holding = holding, holding.after(fill)
        if before.lots * holding.lots <= 0:
            begun = place + (holding.lots == 0)
            gained = holding.realised
    found = since_flat(fills, holding.lots, None)
    assert found is not None
    made = FLAT
    for fill in found:
        made = made.after(fill)
    assert made == replace(holding, realised=holding.realised - gained)
    assert [one.trade_id for one in found] == [one.trade_id for one in fills[begun:]]


@given(SIGNED)
def test_trades_that_do_not_reach_back_are_no_answer(signed: list[int]) -> None:
    fills = fills_of([abs(one) for one in signed])
    held = sum(one.qty_lots for one in fills)
    assert since_flat(fills[1:], held, None) is None
    assert since_flat([], 1, None) is None
    assert since_flat(fills, 0, None) == []


def test_fees_taken_in_coins_are_no_reason_to_look_further() -> None:
    """10 bought, a tenth of a lot kept as a fee each time: 19 whole lots are held after two."""
    fills = fills_of([5, -5, 10, 10], COIN.asset, 100)
    found = since_flat(fills, 19, COIN)
    assert found == fills[2:]
