"""One afternoon on a linear perpetual, as steps that any client of any venue can take.

The price stands still at 60,000 until the steps themselves eat through the book, so what each is
answered is known beforehand. The account has 100,000 USDT; each of the five levels on either side
has 1 BTC, a tick apart; a maker pays 0.02 %, a taker 0.05 %.

The words belong to no venue. Quantities are in base units, whatever a contract is. An order is
WAITING for its trigger, NEW, PARTIALLY_FILLED, FILLED, or ENDED (cancelled, expired: venues differ
in which). A refusal is its reason; adapters hold the venue's codes against these:

    duplicate  unknown order  no order  reduce only  would trade  would trigger  margin  size
    price  notional  position side  busy  leverage  no change

`Rules` says in what else venues differ.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ASK, BID = "60000.1", "59999.9"


class Rules(NamedTuple):
    """In what venues differ, and what the steps leave out for it."""

    refuses_post_only: bool = True
    """A post-only order that would trade is refused; otherwise it is taken and ends at once."""
    refuses_passed_trigger: bool = True
    """A trigger that is passed already is refused; otherwise no such order is sent."""
    has_min_notional: bool = True
    has_close_position: bool = True
    """A conditional order can stand for whatever the position is by then."""
    has_symbol_margin: bool = True
    """Margin is cross or isolated by symbol; otherwise the steps about it are left out."""
    has_trailing_orders: bool = True
    """A trailing stop is an order; otherwise it belongs to the position and is left out."""


class Step(NamedTuple):
    """What to do, with what, and what the client must be told."""

    do: str
    with_: dict[str, str]
    told: Any


def new(own: str, side: str, kind: str, told: Any, **more: str) -> Step:
    """Return the step of one new order.

    `more`: qty, price, stop, trail (percent), tif (GTC, IOC, FOK), post, reduce ("yes"), close
    ("yes", without qty), position (LONG or SHORT in hedge mode).
    """
    return Step("new", {"id": own, "side": side, "type": kind, **more}, told)


def limit(own: str, side: str, qty: str, price: str, told: Any, **more: str) -> Step:
    """Return the step of a limit order."""
    return new(own, side, "LIMIT", told, qty=qty, price=price, **more)


def market(own: str, side: str, qty: str, told: Any = None, **more: str) -> Step:
    """Return the step of a market order; it fills unless something else is told."""
    return new(own, side, "MARKET", told or order(own, "FILLED", qty), qty=qty, **more)


def waits(own: str, side: str, kind: str, **more: str) -> Step:
    """Return the step of a conditional order that is taken."""
    return new(own, side, kind, order(own, "WAITING"), **more)


def order(own: str, status: str, filled: str = "0") -> dict[str, str]:
    """Return what a client is told of an order."""
    return {"id": own, "status": status, "filled": filled}


def refused(reason: str) -> dict[str, str]:
    """Return what a client is told of a refusal."""
    return {"refused": reason}


def cancel(own: str, filled: str = "0") -> Step:
    """Return the step that cancels an order, of whatever kind."""
    return Step("cancel", {"id": own}, order(own, "ENDED", filled))


def held(*positions: tuple[str, str, str]) -> Step:
    """Return the step that looks at the positions: side, quantity, entry price."""
    return Step("positions", {}, [list(one) for one in positions])


def opened(rules: Rules) -> list[Step]:
    """Return the steps before the first large trade: settings, resting orders, amends."""
    by_symbol = [
        Step("margin", {"mode": "isolated"}, {"done": "margin"}),
        Step("margin", {"mode": "isolated"}, refused("no change")),
        Step("margin", {"mode": "cross"}, {"done": "margin"}),
    ]
    return [
        Step("book", {}, {"bid": BID, "ask": ASK}),
        Step("wallet", {}, {"USDT": "100000"}),
        held(),
        Step("leverage", {"to": "10"}, {"done": "leverage"}),
        Step("leverage", {"to": "500"}, refused("leverage")),
        *(by_symbol if rules.has_symbol_margin else []),
        limit("rest-1", "BUY", "0.01", "50000", order("rest-1", "NEW")),
        Step("query", {"id": "rest-1"}, order("rest-1", "NEW")),
        limit("rest-1", "BUY", "0.01", "50000", refused("duplicate")),
        Step("amend", {"id": "rest-1", "qty": "0.02", "price": "51000"}, {"done": "amend"}),
        Step("terms", {"id": "rest-1"}, {"qty": "0.02", "price": "51000"}),
        Step("amend", {"id": "nobody", "qty": "0.02", "price": "51000"}, refused("no order")),
        market("market-1", "BUY", "0.02"),
        held(("LONG", "0.02", ASK)),
        market("market-2", "SELL", "0.03"),
        held(("SHORT", "0.01", BID)),
        limit("reduce-1", "BUY", "0.01", "55000", order("reduce-1", "NEW"), reduce="yes"),
        market("reduce-2", "SELL", "0.01", refused("reduce only"), reduce="yes"),
        market("close-1", "BUY", "0.01", reduce="yes"),
        held(),
        # Nothing is left to reduce, so what rests for that goes.
        Step("query", {"id": "reduce-1"}, order("reduce-1", "ENDED")),
        limit("maker-1", "SELL", "0.01", "70000", order("maker-1", "NEW"), post="yes"),
        limit(
            "maker-2", "BUY", "0.01", "70000",
            refused("would trade") if rules.refuses_post_only else order("maker-2", "ENDED"),
            post="yes",
        ),
    ]  # fmt: skip


def traded(rules: Rules) -> list[Step]:
    """Return the steps of partial fills, refusals and cancels."""
    little = [limit("little-1", "BUY", "0.001", "1000", refused("notional"))]
    return [
        # 0.03 BTC of the best ask are gone by now, and 0.03 of the best bid.
        limit("ioc-1", "BUY", "1.2", ASK, order("ioc-1", "ENDED", "0.97"), tif="IOC"),
        limit("fok-1", "SELL", "1.2", BID, order("fok-1", "ENDED"), tif="FOK"),
        limit("fok-2", "SELL", "0.2", BID, order("fok-2", "FILLED", "0.2"), tif="FOK"),
        limit("part-1", "SELL", "1", BID, order("part-1", "PARTIALLY_FILLED", "0.77")),
        Step("query", {"id": "part-1"}, order("part-1", "PARTIALLY_FILLED", "0.77")),
        Step("book", {}, {"bid": "59999.8", "ask": BID}),
        held(),
        cancel("part-1", "0.77"),
        Step("cancel", {"id": "part-1"}, refused("unknown order")),
        Step("cancel", {"id": "nobody"}, refused("unknown order")),
        Step("query", {"id": "nobody"}, refused("no order")),
        limit("much-1", "BUY", "100", "59000", refused("margin")),
        limit("large-1", "BUY", "2000", "50000", refused("size")),
        limit("dear-1", "BUY", "0.01", "2000000", refused("price")),
        *(little if rules.has_min_notional else []),
    ]


def conditional(rules: Rules) -> list[Step]:
    """Return the steps of conditional orders: waiting, fired by a trade, cancelled."""
    closer = [waits("closer-1", "SELL", "STOP", close="yes", stop="50000")]
    passed = [new("stop-3", "SELL", "STOP", refused("would trigger"), qty="0.1", stop="65000")]
    resting = ["maker-1", "rest-1"]
    trails = [waits("trail-1", "SELL", "TRAILING", qty="0.1", trail="1")]
    waiting = ["stop-2", "take-1", "take-2"]
    if rules.has_trailing_orders:
        waiting = [*waiting, "trail-1"]
    if rules.has_close_position:
        waiting = ["closer-1", *waiting]
    return [
        market("market-3", "BUY", "0.5"),
        held(("LONG", "0.5", "60000.2")),
        waits("stop-1", "SELL", "STOP", qty="0.1", stop="55000"),
        waits("stop-2", "SELL", "STOP_LIMIT", qty="0.1", stop="54000", price="53900", reduce="yes"),
        waits("take-1", "SELL", "TAKE_PROFIT", qty="0.1", stop="70000"),
        waits("take-2", "SELL", "TAKE_PROFIT_LIMIT", qty="0.1", stop="71000", price="70900"),
        *(trails if rules.has_trailing_orders else []),
        *(closer if rules.has_close_position else []),
        *(passed if rules.refuses_passed_trigger else []),
        waits("fires-1", "BUY", "STOP", qty="0.1", stop="60000.4"),
        Step("query", {"id": "fires-1"}, order("fires-1", "WAITING")),
        # Eats two levels and a part of the third, whose price sets the stop off.
        market("market-4", "BUY", "1.9"),
        Step("query", {"id": "fires-1"}, order("fires-1", "FILLED", "0.1")),
        held(("LONG", "2.5", "60000.28")),
        cancel("stop-1"),
        Step("cancel", {"id": "stop-1"}, refused("unknown order")),
        Step("open orders", {}, {"ids": sorted([*resting, *waiting])}),
        Step("cancel all", {}, {"ids": sorted([*resting, *waiting])}),
        Step("open orders", {}, {"ids": []}),
        market("close-2", "SELL", "2.5", reduce="yes"),
        held(),
        market("reduce-3", "SELL", "0.1", refused("reduce only"), reduce="yes"),
    ]


HEDGED = [
    Step("mode", {"to": "hedge"}, {"done": "mode"}),
    market("side-1", "BUY", "0.1", refused("position side")),
    market("long-1", "BUY", "0.1", position="LONG"),
    market("short-1", "SELL", "0.05", position="SHORT"),
    held(("LONG", "0.1", "60000.4"), ("SHORT", "0.05", "59999.6")),
    Step("mode", {"to": "one way"}, refused("busy")),
    market("long-2", "SELL", "0.1", position="LONG"),
    market("short-2", "BUY", "0.05", position="SHORT"),
    held(),
    Step("mode", {"to": "one way"}, {"done": "mode"}),
]
ISOLATED = [
    Step("margin", {"mode": "isolated"}, {"done": "margin"}),
    market("alone-1", "BUY", "0.1"),
    Step("margin", {"mode": "cross"}, refused("busy")),
    Step("add margin", {"amount": "100"}, {"done": "add margin"}),
    Step("add margin", {"amount": "1000000"}, refused("margin")),
    Step("margin of", {}, {"mode": "isolated", "leverage": "10"}),
    market("alone-2", "SELL", "0.1", reduce="yes"),
    Step("margin", {"mode": "cross"}, {"done": "margin"}),
]


def closed(steps: list[Step]) -> list[Step]:
    """Return the last steps: what is left, and all that was done, as the steps before told it."""
    last = [
        limit("last-1", "BUY", "0.1", "40000", order("last-1", "NEW")),
        limit("last-2", "SELL", "0.2", "80000", order("last-2", "NEW")),
    ]
    ends: dict[str, list[str]] = {}
    for step in [*steps, *last]:
        if isinstance(step.told, dict) and "status" in step.told:
            ends[step.told["id"]] = [step.told["status"], step.told["filled"]]
        if step.do == "cancel all":
            ends |= {own: ["ENDED", "0"] for own in step.told["ids"]}
    return [
        *last,
        Step("all orders", {}, ends),
        Step("wallet", {}, {"USDT": left_of(steps)}),
        Step("streamed book", {}, {"bid": "59999.6", "ask": "60000.4"}),
        Step("streamed orders", {}, ends),
        Step("streamed positions", {}, []),
        Step("streamed wallet", {}, {"USDT": left_of(steps)}),
    ]


def left_of(steps: list[Step]) -> str:
    """Return what the wallet holds at the end.

    7.3 BTC change hands at some 60,000 for 0.05 %, 0.2 more in isolated margin; the rest of the
    loss is the spread.
    """
    return "99773.2" if any(step.do == "add margin" for step in steps) else "99779.28"


def steps(rules: Rules) -> list[Step]:
    """Return the whole afternoon."""
    first = [*opened(rules), *traded(rules), *conditional(rules), *HEDGED]
    if rules.has_symbol_margin:
        first += ISOLATED
    return [*first, *closed(first)]
