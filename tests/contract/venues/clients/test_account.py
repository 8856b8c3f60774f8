"""What a venue says of itself, of the account and of the market, against its own state."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ballast.core.orders import MarginMode, OrderKind, PositionMode, Side
from ballast.core.time import Timeframe
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig

MINUTE = Timeframe.parse("1m")


def test_the_venue_has_a_clock_and_is_open(rig: Rig) -> None:
    """R-EXCH-02: what the old adapter could is here at every venue; see the files beside."""
    assert abs(rig.run(rig.desk.server_ms()) - rig.venue.now_ms) < 5_000
    assert rig.run(rig.desk.status()).is_open


def test_a_key_says_what_it_may(rig: Rig) -> None:
    grants = rig.run(rig.desk.grants())
    assert grants.can_read
    assert grants.can_trade in {True, None}
    assert not grants.can_withdraw
    assert grants.position_mode is PositionMode.ONE_WAY


def test_fees_are_fractions_of_notional(rig: Rig) -> None:
    """R-COST-02."""
    maker, taker = rig.run(rig.desk.fees(rig.row.symbol))
    assert Decimal(0) <= maker <= taker < Decimal("0.02")
    rig.hold()
    fill = rig.account()["fills"][-1]
    price, qty, fee = (Decimal(fill[name]) for name in ("price", "qty", "fee"))
    paid = fee if fill["fee_asset"] == "BTC" else fee / price
    assert float(paid / qty) == pytest.approx(float(taker), rel=0.02)


def test_balances_are_those_of_the_venue(rig: Rig) -> None:
    rig.rest(rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05))
    truth = {
        one["asset"]: (Decimal(one["free"]), Decimal(one["locked"]))
        for one in rig.account()["balances"]
    }
    found = {one.asset: one for one in rig.run(rig.desk.balances())}
    assert found["USDT"].total == pytest.approx(sum(truth["USDT"]), rel=Decimal("1e-6"))
    if not rig.market.is_perpetual:
        for asset, (free, locked) in truth.items():
            assert (found[asset].total, found[asset].free) == (free + locked, free)
        assert found["USDT"].free < found["USDT"].total


def test_what_is_free_is_less_what_an_order_of_anybody_holds(rig: Rig) -> None:
    """R-OMS-12, S-11: its price on spot, its initial margin on a perpetual; it comes back."""
    before = rig.run(rig.desk.free("USDT"))
    resting = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(resting)
    value = rig.market.tick * resting.price_ticks * rig.market.lot * resting.qty_lots
    taken = before - rig.run(rig.desk.free("USDT"))
    if not rig.market.is_perpetual:
        assert value <= taken <= value * Decimal("1.02")
    else:
        setting = rig.run(rig.desk.setting(rig.row.symbol))
        assert setting is not None
        assert 0 < taken <= value / setting.leverage * Decimal("1.1") + value * Decimal("0.01")
    rig.cancel(resting.client_id)
    for _ in range(200):  # a venue frees it a moment after it answered
        if rig.run(rig.desk.free("USDT")) == pytest.approx(before, rel=Decimal("1e-6")):
            break
    assert rig.run(rig.desk.free("USDT")) == pytest.approx(before, rel=Decimal("1e-6"))
    assert rig.run(rig.desk.free("NOSUCH")) == 0


def test_equity_counts_everything_in_quote(rig: Rig) -> None:
    rig.hold()  # a market that has never traded has no price
    bid, ask = rig.touch()
    price = rig.market.tick * (bid + ask) / 2
    worth = Decimal(0)
    for one in rig.account()["balances"]:
        if one["asset"] != "USDT" and "other_coins" in rig.row.lacks:
            continue  # they do not answer for positions, so they are not counted
        total = Decimal(one["free"]) + Decimal(one["locked"])
        worth += total * price if one["asset"] == "BTC" else total
    for one in rig.account()["positions"]:
        worth += Decimal(one["unrealised"])
    found = rig.run(rig.desk.equity("USDT"))
    assert float(found) == pytest.approx(float(worth), rel=0.005)


def test_a_position_is_shown_with_its_sign_and_a_flat_one_as_zero(rig: Rig) -> None:
    (before,) = rig.run(rig.desk.positions([rig.row.symbol]))
    rig.hold()
    (after,) = rig.run(rig.desk.positions([rig.row.symbol]))
    assert after.symbol == rig.row.symbol
    assert after.lots > before.lots
    if not rig.market.is_perpetual:
        return
    assert (before.lots, after.lots) == (0, rig.lots)
    (truth,) = (one for one in rig.account()["positions"] if Decimal(one["qty"]))
    assert Decimal(truth["qty"]) == rig.market.lot * after.lots
    assert after.entry > 0
    assert after.leverage == Decimal(truth["leverage"])
    rig.clear()
    rig.submit(rig.order(OrderKind.MARKET, Side.SELL))
    assert rig.run(rig.desk.positions([rig.row.symbol]))[0].lots == -rig.lots


def test_leverage_and_margin_mode_are_set_once_and_again(rig: Rig) -> None:
    symbol = rig.row.symbol
    if not rig.market.is_perpetual:
        assert rig.run(rig.desk.setting(symbol)) is None
        rig.run(rig.desk.set_up(symbol, Decimal(1), MarginMode.CROSS))
        with pytest.raises(CallError):
            rig.run(rig.desk.set_up(symbol, Decimal(2), MarginMode.CROSS))
        return
    for leverage, mode in (
        (Decimal(3), MarginMode.ISOLATED), (Decimal(3), MarginMode.ISOLATED),
        (Decimal(2), MarginMode.CROSS),
    ):  # fmt: skip
        rig.run(rig.desk.set_up(symbol, leverage, mode))
        found = rig.run(rig.desk.setting(symbol))
        assert found is not None
        assert (found.symbol, found.leverage) == (symbol, leverage)
        assert found.margin_mode is mode


def test_spot_pays_no_funding_and_a_perpetual_none_yet(rig: Rig) -> None:
    assert rig.run(rig.desk.funding(rig.row.symbol, rig.venue.now_ms - 60_000)) == []


def test_the_top_of_the_book_is_the_venues(rig: Rig) -> None:
    for _ in range(20):  # the street may trade between the two questions
        before = rig.venue.state()["books"][rig.row.listing]
        top = rig.run(rig.desk.top(rig.row.symbol, 5))
        if before == rig.venue.state()["books"][rig.row.listing]:
            break
    else:
        pytest.fail("the book never stood still for two questions")
    assert top.symbol == rig.row.symbol
    for levels, side in ((top.bids, "bids"), (top.asks, "asks")):
        truth = [
            (Decimal(price), Decimal(qty) * rig.row.contract) for price, qty, *_ in before[side][:5]
        ]
        found = [(rig.market.tick * ticks, rig.market.lot * lots) for ticks, lots in levels]
        assert found == truth


def test_candles_are_in_order_and_end_with_the_growing_one(rig: Rig) -> None:
    rig.hold()
    now_ms = rig.venue.now_ms
    rows = rig.run(rig.desk.candles(rig.row.symbol, MINUTE, now_ms - 5 * MINUTE.ms, 10))
    assert rows
    opens = [one.open_ms for one in rows]
    assert opens == sorted(set(opens))
    assert all(one % MINUTE.ms == 0 for one in opens)
    assert rows[-1].open_ms in {now_ms // MINUTE.ms * MINUTE.ms + n * MINUTE.ms for n in (-1, 0, 1)}
    for one in rows:
        assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert one.volume >= 0
    assert rows[-1].volume > 0


def test_a_bar_the_venue_does_not_have_is_refused(rig: Rig) -> None:
    with pytest.raises(CallError):
        rig.run(rig.desk.candles(rig.row.symbol, Timeframe.parse("7m"), 0, 10))


def test_questions_share_connections_that_are_kept(rig: Rig) -> None:
    """R-NET-18: a question does not shake hands anew; those of one moment take what is free."""
    for _ in range(5):
        rig.run(rig.desk.server_ms())
    connector = rig.session.connector
    assert connector is not None
    kept = {id(one) for every in connector._conns.values() for one, *_ in every}
    assert kept
    for _ in range(5):
        rig.run(rig.desk.server_ms())
    after = {id(one) for every in connector._conns.values() for one, *_ in every}
    assert after == kept
