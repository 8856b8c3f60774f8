"""Filters, brackets of leverage, limits and doors (R-OMS-10, R-OMS-11, R-PERP-02)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.fakes.venue import SECOND, SPOT, START_NS, SWAP, limit, market, refused, rich, taken

from ballast.core.errors import ConfigError, InternalError
from ballast.core.instrument import Kind
from ballast.core.orders import (
    AmendRequest,
    MarginMode,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionMode,
    PositionStops,
    Side,
)
from ballast.venues.simulated.engine import positions
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import (
    BuyFee,
    Filters,
    Listing,
    Tier,
    VenueProfile,
)
from ballast.venues.simulated.engine.world import Holding

BUY, SELL = Side.BUY, Side.SELL
SPOT_RULES = Filters(
    min_price=Decimal("0.5"), max_price=Decimal(10_000), min_qty=Decimal("0.01"),
    max_qty=Decimal(50), market_min_qty=Decimal("0.02"), market_max_qty=Decimal(10),
    market_step=Decimal("0.005"), min_notional=Decimal(5), min_notional_applies_to_market=False,
    max_notional=Decimal(50_000), percent_up=Decimal("1.2"), percent_down=Decimal("0.8"),
    max_orders=4, max_conditional_orders=2,
)  # fmt: skip
TIERS = (
    Tier(Decimal(10_000), 50, Decimal("0.01")),
    Tier(Decimal(40_000), 10, Decimal("0.025"), Decimal(150)),
    Tier(Decimal(0), 2, Decimal("0.1"), Decimal(3_150)),
)
SWAP_RULES = Filters(max_price=Decimal(100_000), max_qty=Decimal(1_000), max_position=Decimal(30))


def strict(profile: VenueProfile | None = None) -> Exchange:
    """Open a venue with every filter on; the last trade was at 1000.00 / 1000.0."""
    listings = (
        Listing(SPOT, "BTC", "USDT", Decimal("0.01"), Decimal("0.0001"), filters=SPOT_RULES),
        Listing(
            SWAP, "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), kind=Kind.PERPETUAL,
            filters=SWAP_RULES, tiers=TIERS,
        ),
    )  # fmt: skip
    exchange = Exchange(profile or VenueProfile(), listings, start_ns=START_NS)
    exchange.street.trade(SPOT, BUY, 1_000_00, 1)
    exchange.street.set_mark(SWAP, 1_000_0)
    exchange.settle()
    return exchange


def stop(trigger: int = 900_00, lots: int = 1_000, **more: object) -> OrderRequest:
    request = OrderRequest(SPOT, SELL, OrderKind.STOP_MARKET, lots, trigger_ticks=trigger)
    return replace(request, **more)  # type: ignore[arg-type]


REFUSALS = [
    (limit(BUY, 1_200_01, 1_000), "price_percent"),
    (limit(BUY, 799_99, 1_000), "price_percent"),
    (limit(BUY, 49, 1_000), "price_range"),
    (limit(BUY, 1_000_00, 99), "qty_too_small"),
    (market(BUY, 199), "qty_too_small"),
    (market(BUY, 225), "qty_step"),
    (market(BUY, 100_050), "qty_too_large"),
    (limit(BUY, 1_000_00, 500_001), "qty_too_large"),
    (limit(BUY, 1_100_00, 480_000), "max_notional"),
    (limit(BUY, 1_000_00, 1_000, client_id="x" * 65), "bad_request"),
    (limit(BUY, 1_000_00, 0, quote_atoms=10**9), "bad_request"),
    (limit(BUY, 1_000_00, 0, close_position=True), "bad_request"),
    (limit(BUY, 1_000_00, 100, display_lots=200), "bad_request"),
    (market(BUY, 1_000, display_lots=500), "bad_request"),
    (stop(kind=OrderKind.TRAILING_STOP), "bad_request"),
    (stop(trail_ppm=5), "bad_request"),
    (stop(0, kind=OrderKind.TRAILING_STOP, trail_ppm=1_000_000), "bad_request"),
]


@pytest.mark.parametrize(("request_", "reason"), REFUSALS)
def test_each_filter_refuses_what_it_is_for(request_: OrderRequest, reason: str) -> None:
    exchange = strict()
    assert refused(exchange.submit(rich(exchange), request_)) == reason


def test_what_is_just_inside_every_filter_is_taken() -> None:
    exchange = strict()
    me = rich(exchange)
    for request in (
        limit(BUY, 1_200_00, 1_000), limit(BUY, 800_00, 1_000), limit(BUY, 1_000_00, 100),
        market(BUY, 200), market(SELL, 250),
    ):  # fmt: skip
        taken(exchange.submit(me, request))


def test_open_and_conditional_orders_are_counted_apart() -> None:
    exchange = strict()
    me = rich(exchange)
    for _ in range(2):
        taken(exchange.submit(me, stop()))
    assert refused(exchange.submit(me, stop())) == "max_conditional_orders"
    for _ in range(2):
        taken(exchange.submit(me, limit(BUY, 900_00, 1_000)))
    assert refused(exchange.submit(me, limit(BUY, 900_00, 1_000))) == "max_orders"


def test_a_direction_can_be_given_where_the_kind_does_not_say_it() -> None:
    """Bybit states the direction of a trigger: a sell that waits for a rise."""
    exchange = strict()
    me = rich(exchange)
    taken(exchange.submit(me, stop(1_050_00, trigger_rises=True, client_id="a")))
    exchange.street.trade(SPOT, BUY, 1_050_00, 1)
    exchange.settle()
    found = exchange.order(me, OrderRef(SPOT, client_id="a"))
    assert found is not None
    assert found.triggered_ns == START_NS


# leverage, lots of a buy at 1000 that still fit, one lot more is refused
BRACKETS = [(50, 10_000), (10, 30_000), (2, 30_000)]


@pytest.mark.parametrize(("leverage", "lots"), BRACKETS)
def test_a_position_fits_its_leverage_bracket_and_the_position_limit(
    leverage: int, lots: int
) -> None:
    exchange = strict()
    me = rich(exchange)
    taken(exchange.set_leverage(me, SWAP, leverage))
    assert refused(exchange.submit(me, limit(BUY, 1_000_0, lots + 1, SWAP))) == "max_position"
    taken(exchange.submit(me, limit(BUY, 1_000_0, lots, SWAP)))
    if leverage == 2:
        assert refused(exchange.set_leverage(me, SWAP, 50)) == "leverage"


def test_maintenance_is_continuous_across_brackets() -> None:
    """The deduction makes it so: 1 % of 10,000 is 2.5 % of it less 150."""
    exchange = strict()
    terms = exchange._world.markets[SWAP].terms
    steps = ((10_000, "100"), (10_001, "100.025"), (40_000, "850"), (40_010, "851"))
    for lots, wanted in steps:  # a lot is worth 1 USDT here
        found = positions.maintenance(terms, Holding(qty=-lots), 1_000_0)
        assert exchange.amount("USDT", found) == Decimal(wanted)
    me, other = rich(exchange, "me"), rich(exchange, "other")
    taken(exchange.set_margin_mode(me, SWAP, MarginMode.ISOLATED))
    taken(exchange.set_leverage(me, SWAP, 10))
    taken(exchange.set_leverage(other, SWAP, 2))
    taken(exchange.submit(other, limit(SELL, 1_000_0, 20_000, SWAP)))
    taken(exchange.submit(me, market(BUY, 20_000, SWAP)))
    # 2000 + 20 P - 20000 = 0.025 x 20 P - 150 -> P = 915.38
    assert exchange.position(me, SWAP).liquidation_ticks == 915_3


def test_choices_that_cannot_be_are_refused() -> None:
    exchange = strict()
    me = rich(exchange)
    assert refused(exchange.set_leverage(me, SPOT, 5)) == "not_supported"
    assert refused(exchange.set_margin_mode(me, SPOT, MarginMode.ISOLATED)) == "not_supported"
    assert refused(exchange.set_leverage(me, SWAP, 20)) == "no_change"
    assert refused(exchange.set_margin_mode(me, SWAP, MarginMode.CROSS)) == "no_change"
    assert refused(exchange.set_position_mode(me, PositionMode.ONE_WAY)) == "no_change"
    side = exchange.position(me, SWAP).side
    assert refused(exchange.add_margin(me, SWAP, side, 5)) == "no_position"
    assert refused(exchange.set_position_stops(me, SWAP, side, PositionStops())) == "no_position"
    ref = OrderRef("X", 1)
    assert refused(exchange.cancel(me, ref)) == "unknown_symbol"
    assert refused(exchange.amend(me, AmendRequest(ref, 5))) == "unknown_symbol"
    assert refused(exchange.cancel_replace(me, ref, limit(BUY, 5, 5))) == "unknown_symbol"  # type: ignore[arg-type]
    assert refused(exchange.transfer(me, "USDT", -(10**20))) == "insufficient_balance"


def test_fees_do_not_change_under_an_open_order() -> None:
    exchange = strict(VenueProfile(buy_fee=BuyFee.QUOTE))
    me = rich(exchange)
    order = taken(exchange.submit(me, limit(BUY, 900_00, 1_000))).order
    assert refused(exchange.set_fees(me, SPOT, maker_ppm=5, taker_ppm=9_000)) == (
        "open_orders_or_position"
    )
    taken(exchange.cancel(me, OrderRef(SPOT, order.order_id)))
    taken(exchange.set_fees(me, SPOT, maker_ppm=-100, taker_ppm=9_000))
    taken(exchange.submit(me, limit(BUY, 900_00, 1_000)))
    exchange.street.place(SPOT, SELL, price_ticks=900_00, qty_lots=1_000)
    exchange.settle()
    # a maker's rebate: 90 USDT x -0.01 %
    assert exchange.fills(me)[0].fee_atoms == -900_000


def test_the_doors_refuse_what_is_not_on_the_grid_or_not_listed() -> None:
    exchange = strict()
    listing = exchange.listings[SPOT]
    assert listing.ticks(Decimal("1000.01")) == 1_000_01
    assert listing.ticks(Decimal("1000.015")) is None
    assert listing.lots(Decimal("0.0123")) == 123
    assert listing.lots(Decimal("0.01234")) is None
    assert listing.price(1_000_01) == Decimal("1000.01")
    assert listing.qty(123) == Decimal("0.0123")
    assert exchange.amount("USDT", 123) == Decimal("0.00000123")
    with pytest.raises(ConfigError, match="digits"):
        exchange.atoms("USDT", Decimal("1e-9"))
    with pytest.raises(ConfigError, match="asset"):
        exchange.atoms("XYZ", Decimal(1))
    for call in (lambda: exchange.book("X"), lambda: exchange.balances(99)):
        with pytest.raises(InternalError):
            call()
    with pytest.raises(InternalError, match="not listed"):
        exchange.street.trade("X", BUY, 1, 1)
    for tick, lot in (("0", "1"), ("1", "0")):
        with pytest.raises(ConfigError, match="positive"):
            Exchange(
                VenueProfile(), (Listing("X", "A", "B", Decimal(tick), Decimal(lot)),), start_ns=0
            )
    huge = Filters(max_price=Decimal(10**12), max_qty=Decimal(10**12))
    with pytest.raises(ConfigError, match="63 bits"):
        Exchange(
            VenueProfile(),
            (Listing("X", "A", "B", Decimal(1), Decimal("0.001"), filters=huge),),
            start_ns=0,
        )


def test_a_source_that_does_not_move_on_is_found_out() -> None:
    class Stuck(ScriptedPath):
        def next_ns(self, now_ns: int) -> int | None:
            return now_ns

    exchange = strict()
    exchange.attach(Stuck(SPOT, [(START_NS, 1_000_00)], Ladder()))
    assert exchange.next_ns() == START_NS
    with pytest.raises(InternalError, match="move on"):
        exchange.advance(START_NS + SECOND)


def test_what_is_remembered_is_bounded() -> None:
    """A limit on everything: closed orders, their client ids, fills and the tape."""
    exchange = strict(VenueProfile(history_max=10, tape_max=10))
    me, other = rich(exchange, "me"), rich(exchange, "other")
    for number in range(200):
        taken(exchange.submit(other, limit(SELL, 1_000_00, 100)))
        taken(exchange.submit(me, limit(BUY, 1_000_00, 100, client_id=f"c{number}")))
    account = exchange._world.accounts[me]
    assert len(exchange.orders(me, SPOT)) == len(account.client_ids) == 10
    assert exchange.order(me, OrderRef(SPOT, client_id="c199")) is not None
    assert exchange.order(me, OrderRef(SPOT, client_id="c189")) is None
    assert 10 <= len(account.fills) <= 10 + 64
    assert 10 <= len(exchange._world.markets[SPOT].tape) <= 10 + 64
    assert exchange.fills(me)[-1].trade_id == exchange.trades(SPOT)[-1].trade_id
