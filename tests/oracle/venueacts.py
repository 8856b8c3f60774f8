"""Random acts on the simulated exchange, drawn from a seed: every request, and the street."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    CONDITIONAL,
    PRICED,
    AmendRequest,
    ListKind,
    ListRequest,
    MarginMode,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionMode,
    PositionSide,
    PositionStops,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.profile import (
    BracketEntry,
    BuyFee,
    ClientIds,
    PostOnly,
    ReduceOnly,
    VenueProfile,
)
from tests.fakes.venue import SPOT, SWAP, venue

if TYPE_CHECKING:
    import numpy as np

    from ballast.venues.simulated.engine.exchange import Exchange

CENTRE = {SPOT: 2_000_00, SWAP: 2_000_0}
SIZES = {SPOT: 5_000, SWAP: 1_500}
SECOND = 10**9


def profile(rng: np.random.Generator) -> VenueProfile:
    """Draw a venue's rules."""

    def pick(kind: Any) -> Any:
        return list(kind)[int(rng.integers(0, len(list(kind))))]

    return VenueProfile(
        client_ids=pick(ClientIds),
        post_only=pick(PostOnly),
        reduce_only=pick([ReduceOnly.SHRINK, ReduceOnly.CANCEL]),
        reduce_only_on_entry=pick([ReduceOnly.SHRINK, ReduceOnly.REJECT]),
        amend_keeps_priority=bool(rng.integers(0, 2)),
        trigger_at_once=bool(rng.integers(0, 2)),
        self_trade=pick(SelfTrade),
        buy_fee=pick(BuyFee),
        bracket=pick(BracketEntry),
        market_protection_ppm=int(rng.choice([0, 20_000])),
        history_max=int(rng.choice([5, 20_000])),
        tape_max=50,
    )


def opened(rng: np.random.Generator, seed: int) -> Exchange:
    """Open a venue with four customers, poor and rich, and set their perpetuals up."""
    exchange = venue(profile(rng), seed=seed)
    exchange.street.set_mark(SWAP, CENTRE[SWAP])
    exchange.insure("USDT", int(rng.choice([0, 50, 5_000])) * 10**8)
    for cash, coins in ((300, "0.05"), (2_000, "0.5"), (50_000, "20"), (1_000_000, "500")):
        account = exchange.open_account(f"{cash}", {"USDT": Decimal(cash), "BTC": Decimal(coins)})
        exchange.set_leverage(account, SWAP, int(rng.choice([5, 20, 50, 100])))
        if rng.random() < 0.5:
            exchange.set_margin_mode(account, SWAP, MarginMode.ISOLATED)
        if rng.random() < 0.4:
            exchange.set_position_mode(account, PositionMode.HEDGE)
    return exchange


class Acts:
    """Draws acts and does them; what an act answers may be a refusal, and that is fine."""

    def __init__(self, exchange: Exchange, rng: np.random.Generator) -> None:
        """Act on this exchange."""
        self.exchange = exchange
        self.rng = rng
        self.answers: dict[str, int] = {}

    def act(self) -> None:
        """Do one."""
        rng = self.rng
        account = int(rng.integers(1, 5))
        symbol = SPOT if rng.random() < 0.5 else SWAP
        kinds = (
            (0.42, self.order), (0.10, self.cancel), (0.10, self.amend), (0.14, self.street),
            (0.05, self.mark), (0.06, self.group), (0.04, self.replace), (0.04, self.choose),
            (0.03, self.wait), (0.02, self.rare),
        )  # fmt: skip
        weights = [weight for weight, _ in kinds]
        kind = kinds[int(rng.choice(len(kinds), p=weights))][1]
        outcome = kind(account, symbol)
        name = getattr(getattr(outcome, "reason", None), "value", type(outcome).__name__)
        self.answers[name] = self.answers.get(name, 0) + 1

    def price(self, symbol: str, spread: float = 0.01) -> int:
        last = self.exchange.last_ticks(symbol) or CENTRE[symbol]
        return max(1, int(last * (1 + spread * float(self.rng.standard_normal()))))

    def lots(self, symbol: str) -> int:
        return int(self.rng.integers(1, SIZES[symbol]))

    def side(self) -> Side:
        return Side.BUY if self.rng.random() < 0.5 else Side.SELL

    def known(self, account: int, symbol: str) -> OrderRef:
        orders = self.exchange.open_orders(account, symbol)
        if orders and self.rng.random() < 0.9:
            return OrderRef(symbol, orders[int(self.rng.integers(0, len(orders)))].order_id)
        return OrderRef(symbol, client_id=f"c{int(self.rng.integers(0, 30))}")

    def request(self, account: int, symbol: str) -> OrderRequest:
        """Draw an order, mostly one that makes sense."""
        rng = self.rng
        kind = list(OrderKind)[int(rng.choice(7, p=[0.18, 0.42, 0.1, 0.08, 0.07, 0.05, 0.1]))]
        side = self.side()
        more: dict[str, Any] = {}
        if kind in PRICED:
            more["price_ticks"] = self.price(symbol)
            more["tif"] = TimeInForce(rng.choice(["gtc", "gtc", "gtc", "ioc", "fok", "gtd"]))
            if more["tif"] is TimeInForce.GTD:
                more["expire_ns"] = self.exchange.now_ns + int(rng.integers(1, 60)) * SECOND
            more["post_only"] = bool(rng.random() < 0.2)
            if rng.random() < 0.15:
                more["display_lots"] = max(1, SIZES[symbol] // 4)
        if kind in CONDITIONAL and kind is not OrderKind.TRAILING_STOP:
            rises = (kind.value.startswith("stop")) == (side is Side.BUY)
            off = abs(self.price(symbol) - self.price(symbol)) + 1
            last = self.exchange.last_ticks(symbol) or CENTRE[symbol]
            more["trigger_ticks"] = max(1, last + off if rises else last - off)
        if kind is OrderKind.TRAILING_STOP:
            more["trail_ppm"] = int(rng.integers(1_000, 30_000))
            if rng.random() < 0.5:
                more["activation_ticks"] = self.price(symbol)
        if symbol == SWAP:
            more |= self.perpetual_fields(account, kind)
        quantity = 0 if more.get("close_position") else self.lots(symbol)
        if kind is OrderKind.MARKET and rng.random() < 0.2 and symbol == SPOT:
            quantity, more["quote_atoms"] = 0, int(rng.integers(1, 3_000)) * 10**8
        if rng.random() < 0.5:
            more["client_id"] = f"c{int(rng.integers(0, 30))}"
        return OrderRequest(symbol, side, kind, quantity, **more)

    def perpetual_fields(self, account: int, kind: OrderKind) -> dict[str, Any]:
        rng = self.rng
        more: dict[str, Any] = {"trigger_by": TriggerBy(rng.choice(["last", "mark", "index"]))}
        if self.exchange.position_mode(account) is PositionMode.HEDGE:
            more["position_side"] = PositionSide(rng.choice(["long", "short"]))
        more["reduce_only"] = bool(rng.random() < 0.3)
        if kind in {OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET}:
            more["close_position"] = bool(rng.random() < 0.3)
        if kind not in CONDITIONAL:
            del more["trigger_by"]
        if rng.random() < 0.15:
            more["stops"] = self.stops()
        return more

    def stops(self) -> PositionStops:
        """Draw the stops of a position, some of them on the wrong side of the price."""
        rng = self.rng
        last = self.exchange.last_ticks(SWAP) or CENTRE[SWAP]
        return PositionStops(
            take_profit_ticks=int(rng.choice([0, last * 98 // 100, last * 102 // 100])),
            stop_loss_ticks=int(rng.choice([0, last * 97 // 100, last * 103 // 100])),
            trail_ticks=int(rng.choice([0, last // 50])),
        )

    def order(self, account: int, symbol: str) -> object:
        return self.exchange.submit(account, self.request(account, symbol))

    def cancel(self, account: int, symbol: str) -> object:
        if self.rng.random() < 0.05:
            return self.exchange.cancel_all(account, symbol if self.rng.random() < 0.5 else None)
        return self.exchange.cancel(account, self.known(account, symbol))

    def amend(self, account: int, symbol: str) -> object:
        rng = self.rng
        asked = AmendRequest(
            self.known(account, symbol),
            qty_lots=self.lots(symbol) if rng.random() < 0.6 else 0,
            price_ticks=self.price(symbol) if rng.random() < 0.5 else 0,
            trigger_ticks=self.price(symbol) if rng.random() < 0.2 else 0,
            stops=self.stops() if rng.random() < 0.1 else None,
        )
        return self.exchange.amend(account, asked)

    def replace(self, account: int, symbol: str) -> object:
        ref, request = self.known(account, symbol), self.request(account, symbol)
        stop = bool(self.rng.integers(0, 2))
        return self.exchange.cancel_replace(account, ref, request, stop_on_failure=stop)

    def group(self, account: int, symbol: str) -> object:
        side, lots = self.side(), self.lots(symbol)
        last = self.exchange.last_ticks(symbol) or CENTRE[symbol]
        off = int(last * 0.02) + int(self.rng.integers(0, 500))
        more: dict[str, Any] = {}
        if symbol == SWAP:
            hedge = self.exchange.position_mode(account) is PositionMode.HEDGE
            long = PositionSide.LONG if side is Side.SELL else PositionSide.SHORT
            more["position_side"] = long if hedge else PositionSide.BOTH
        take = OrderRequest(symbol, side, OrderKind.LIMIT, lots, last - side * off, **more)
        stop = OrderRequest(
            symbol, side, OrderKind.STOP_MARKET, lots, trigger_ticks=last + side * off, **more
        )
        if self.rng.random() < 0.5:
            return self.exchange.submit_list(
                account, ListRequest(symbol, ListKind.OCO, (take, stop))
            )
        entry = OrderRequest(symbol, Side(-side), OrderKind.LIMIT, lots, self.price(symbol), **more)
        request = ListRequest(symbol, ListKind.BRACKET, (entry, take, stop))
        return self.exchange.submit_list(account, request)

    def street(self, _account: int, symbol: str) -> object:
        rng, street = self.rng, self.exchange.street
        what = int(rng.integers(0, 4))
        if what == 0:
            street.trade(symbol, self.side(), self.price(symbol), self.lots(symbol))
        elif what == 1:
            side, rule = self.side(), int(rng.integers(0, 3))
            lots = int(rng.choice([0, 1, 3])) * self.lots(symbol)
            street.set_level(symbol, side, self.price(symbol, 0.005), lots, rule)
        elif what == 2:
            side, price, lots = self.side(), self.price(symbol), self.lots(symbol)
            street.place(symbol, side, price_ticks=price, qty_lots=lots)
        else:
            last = self.exchange.last_ticks(symbol) or CENTRE[symbol]
            pull = CENTRE[symbol] + (last - CENTRE[symbol]) // 2
            street.trade(symbol, self.side(), pull, 1)
        self.exchange.settle()
        return "street"

    def mark(self, _account: int, _symbol: str) -> object:
        self.exchange.street.set_mark(SWAP, self.price(SWAP, 0.03))
        self.exchange.street.set_funding(SWAP, int(self.rng.integers(-(10**6), 10**6)))
        self.exchange.settle()
        return "mark"

    def choose(self, account: int, _symbol: str) -> object:
        rng, exchange = self.rng, self.exchange
        what = int(rng.integers(0, 4))
        sides = list(PositionSide)
        which = sides[int(rng.integers(0, 3))]
        if what == 0:
            return exchange.set_leverage(account, SWAP, int(rng.integers(1, 110)))
        if what == 1:
            modes = list(MarginMode)
            return exchange.set_margin_mode(account, SWAP, modes[int(rng.integers(0, 2))])
        if what == 2:
            return exchange.add_margin(account, SWAP, which, int(rng.integers(-50, 50)) * 10**8)
        return exchange.set_position_stops(account, SWAP, which, self.stops())

    def wait(self, account: int, symbol: str) -> object:
        if self.rng.random() < 0.2:
            self.exchange.countdown(account, symbol, int(self.rng.integers(0, 20_000)))
        hours = self.rng.random() < 0.1
        span = int(self.rng.integers(1, 30)) * (1_000 * SECOND if hours else SECOND)
        self.exchange.advance(self.exchange.now_ns + span)
        return "wait"

    def rare(self, account: int, symbol: str) -> object:
        rng, exchange = self.rng, self.exchange
        if rng.random() < 0.5:
            atoms = int(rng.integers(-500, 500)) * 10**8
            return exchange.transfer(account, "USDT", atoms)
        halted = Trading.HALTED if exchange.trading(symbol) is Trading.TRADING else Trading.TRADING
        exchange.set_trading(symbol, halted if rng.random() < 0.3 else Trading.TRADING)
        return "halt"
