"""Decider: bars and fills in, what the strategies and the kernel make of them out.

At every close each symbol's plan says what it says of the newest of the bars that are kept, bit for
bit as research would (`strategies/newest.py`); that row goes to the kernel, which ratchets, marks,
holds the account against its rules, exits, and sizes entries. Nothing is decided here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.ids import WAITING, Purpose
from ballast.core.orders import Side
from ballast.core.reasons import Exit, label
from ballast.core.records import FeeAsset
from ballast.core.ticks import from_steps, steps_floor
from ballast.core.time import DAY_MS, Timeframe
from ballast.features.activity import WINDOW, log_return_deviation, mean_quote_volume_at
from ballast.features.regime.labels import Regime, regimes_of
from ballast.kernel.live import Live
from ballast.kernel.market import NEUTRAL
from ballast.kernel.match import RESIDUAL
from ballast.oms.protection.cover import Take
from ballast.runtime.node.slices import Flow
from ballast.strategies.newest import NewestValue, newest_of
from ballast.strategies.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.core.orders import Fill
    from ballast.kernel.live import Refused
    from ballast.oms.record import OrderRecord
    from ballast.runtime.node.events import ClosedBar
    from ballast.runtime.node.session import Session
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000
LEAST_OF_DUST = 2
"""A slice is at least so many times what can be sold alone: fees and a fall to the stop take some.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry the kernel decided and sized. `limit_ticks` 0: at market; `notional` quote units."""

    symbol: str
    side: Side
    lots: int
    limit_ticks: int
    stop_ticks: int
    notional: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Held:
    """What the kernel says of one symbol, as the node reads it."""

    stop_ticks: int
    """Where the stop of the position belongs; 0: it has none."""
    takes: tuple[Take, ...]
    exit: str
    """Why the position is to be closed at market; empty: it is not."""
    wants_entry: bool
    until_ns: int
    """When the entry ends by itself."""
    atr_ticks: float = 0.0
    """ATR at the entry of the position."""


class Decider:
    """The strategies and the kernel's memory of one account."""

    def __init__(self, session: Session, classes: Sequence[AnyStrategy], at_ns: int) -> None:
        """Begin with the session's cash and no bars; `classes` are strategies that are such."""
        self.session = session
        self.plans = session.plans(classes)
        self.places = {seat.symbol: s for s, seat in enumerate(session.seats)}
        self.live = Live(session.market(), session.cash, at_ns // MS_NS, room=session.room)
        self.timeframe = Timeframe.parse(session.timeframe)
        self._held: dict[str, Held] = {}  # as read since the kernel last changed
        self._dust = [_dust_of(row) for row in self.live.spec]
        self._flags = np.zeros(session.room, np.uint8)  # what is kept has no marks
        self._newest = [newest_of(plan) for plan in self.plans]
        detector = parse(f"{session.detector}()") if session.detector else None
        self._regimes = [NewestValue(detector) for _ in session.seats] if detector else []

    def go_on_from(self, other: Decider) -> None:
        """Take over cash, levels and streaks of an account that is flat, whatever traded it."""
        self.live.account[:] = other.live.account
        self._held.clear()

    # Bars -----------------------------------------------------------------------------------

    def learn(self, bars: Iterable[ClosedBar]) -> None:
        """Take bars of the past, on which nothing is decided any more."""
        self._held.clear()
        for bar in bars:
            s = self._append(bar)
            self.live.skip(s)

    def close(self, at_ns: int, bars: Sequence[ClosedBar]) -> list[Refused]:
        """Take the bars of one close and decide; return what the kernel's limits refused."""
        self._held.clear()
        for bar in bars:
            self._append(bar)
        market = {seat.symbol: self.bars(seat.symbol) for seat in self.session.seats}
        market = {symbol: one for symbol, one in market.items() if len(one)}
        rows = {self.places[bar.symbol]: self._row(bar.symbol, market) for bar in bars}
        return self.live.close(at_ns // MS_NS, dict(sorted(rows.items())))

    def _append(self, bar: ClosedBar) -> int:
        s = self.places.get(bar.symbol)
        if s is None:
            raise DataError(f"a bar of {bar.symbol}", expected=", ".join(self.places))
        newest = self.live.last_open_ms(s)
        if newest >= 0 and bar.open_ms <= newest:
            raise DataError(f"the bar of {bar.open_ms} after that of {newest}", where=bar.symbol)
        self.live.append(s, bar.open_ms, bar.prices, bar.mark)
        return s

    def last_open_ms(self, symbol: str) -> int:
        """Return the open time of the newest bar of a symbol; -1 before the first."""
        return self.live.last_open_ms(self.places[symbol])

    def last_entry_ms(self, symbol: str) -> int:
        """Return when a position of a symbol was last opened; 0 or less: never."""
        return int(self.live.pos[self.places[symbol]].last_entry_ms)

    def bars(self, symbol: str) -> Bars:
        """Return the bars that are kept of a symbol, as views."""
        ts, o, h, l, c, v = self.live.window(self.places[symbol])
        flags = self._flags[: len(ts)]
        return Bars(self.session.venue, symbol, self.timeframe, ts, o, h, l, c, v, flags)

    def _row(self, symbol: str, market: dict[str, Bars]) -> dict[str, float]:
        """Return the kernel's columns of the newest bar of a symbol."""
        s = self.places[symbol]
        row: dict[str, float] = NEUTRAL | self._newest[s].row(market, symbol)
        bars = market[symbol]
        if "sigma" in self.session.reads:
            row["sigma"] = self._sigma(bars)
        if "quote_volume" in self.session.reads:
            row["quote_volume"] = mean_quote_volume_at(bars.close, bars.volume, len(bars) - 1)
        if self._regimes:
            code = regimes_of(np.array([self._regimes[s].of(bars)]))[0]
            row["floor"] = self.session.floors[Regime(int(code))]  # UNKNOWN, -1, is the last place
        return row

    def _sigma(self, bars: Bars) -> float:
        """Return the deviation of a day's log return, from the last 20 bars; 0 before."""
        part = np.ascontiguousarray(bars.close[-(WINDOW + 1) :])
        out = np.zeros(len(part))
        log_return_deviation(part, out)
        return float(out[-1]) * math.sqrt(DAY_MS / self.timeframe.ms)

    # What is wanted -------------------------------------------------------------------------

    def entry(self, symbol: str) -> Wanted | None:
        """Return the entry that was decided on the newest bar of a symbol."""
        s = self.places[symbol]
        p, spec = self.live.pos[s], self.live.spec[s]
        if p.in_lots == 0 or p.in_bar != spec.last - 1:
            return None
        side = int(p.in_side)
        stop = p.signal_price - side * p.in_distance if p.in_distance > 0.0 else 0.0
        return Wanted(
            symbol,
            Side(side),
            int(p.in_lots),
            self._ticks(s, float(p.in_limit)),
            self._ticks(s, stop),
            float(p.in_value) * max(1.0, float(p.in_limit) / float(p.signal_price)),
            float(p.in_confidence),
        )

    def rests(self, symbol: str) -> bool:
        """Return whether entries of a symbol are limit orders."""
        return bool(self.live.columns.plan[self.places[symbol]]["entry_limit_atr"] > 0.0)

    def needs(self, symbol: str, notional: float, *, rests: bool) -> float:
        """Return what an entry takes of the quote asset: price or initial margin, and the fee."""
        s = self.places[symbol]
        spec, leverage = self.live.spec[s], float(self.live.columns.plan[s]["leverage"])
        fee = self.fee(symbol, rests=rests)
        if spec.perpetual:
            return notional * (1.0 / leverage + fee)
        return notional if spec.fee_asset == int(FeeAsset.BASE) else notional * (1.0 + fee)

    def fee(self, symbol: str, *, rests: bool) -> float:
        """Return the fee of a fill, at market or of an order that `rests`, part of its notional."""
        spec = self.live.spec[self.places[symbol]]
        return float(spec.maker if rests else spec.taker) * (1.0 - float(spec.fee_discount))

    @property
    def quote_atoms(self) -> float:
        """Return the atoms of a quote unit."""
        seat = self.session.seats[0]
        return float(10 ** seat.digits[seat.quote])

    def flow(self, symbol: str, share: float, room_ns: int) -> Flow:
        """Return what the market of a symbol takes at once: a share of its mean volume."""
        s, bars = self.places[symbol], self.bars(symbol)
        spec, close = self.live.spec[s], float(bars.close[-1])
        traded = mean_quote_volume_at(bars.close, bars.volume, len(bars) - 1) / close
        lots = steps_floor(traded * share, spec.lot_num, spec.lot_den)
        least = LEAST_OF_DUST * (self.dust_lots(symbol, self._ticks(s, close)) + 1)
        return Flow(max(lots, 1) if traded > 0.0 else 0, least, room_ns)

    def close_ticks(self, symbol: str) -> int:
        """Return the last close of a symbol."""
        return self._ticks(self.places[symbol], float(self.bars(symbol).close[-1]))

    def held(self, symbol: str) -> Held:
        """Return what the kernel says of a symbol now."""
        found = self._held.get(symbol)
        if found is None:
            found = self._held[symbol] = self._read(self.places[symbol])
        return found

    def _read(self, s: int) -> Held:
        p = self.live.pos[s]
        has_stop = p.lots > 0 and p.stop_reason and math.isfinite(p.stop)
        leaves = p.lots > 0 and p.out_lots > 0
        return Held(
            stop_ticks=self._ticks(s, float(p.stop)) if has_stop else 0,
            takes=tuple(
                Take(number, self._ticks(s, price), lots)
                for number, price, lots in self.live.takes(s)
            ),
            exit=label(Exit(int(p.out_reason))) if leaves else "",
            wants_entry=bool(p.in_lots > 0),
            until_ns=int(p.in_until_ms) * MS_NS,
            atr_ticks=self._atr_ticks(s),
        )

    def _atr_ticks(self, s: int) -> float:
        p, spec = self.live.pos[s], self.live.spec[s]
        known = p.lots > 0 and p.atr > 0.0  # a NaN is not known
        return float(p.atr) * spec.tick_den / spec.tick_num if known else 0.0

    def _ticks(self, s: int, price: float) -> int:
        spec = self.live.spec[s]
        return steps_floor(price, spec.tick_num, spec.tick_den) if price > 0.0 else 0

    # What became of it ----------------------------------------------------------------------

    def filled(self, record: OrderRecord, fill: Fill, take: int | None, *, kills: bool) -> int:
        """Book a fill of an order of ours; return the lots that closed nothing the kernel holds."""
        s = self.places.get(fill.symbol)
        if s is None:
            return fill.qty_lots
        self._held.clear()
        p, spec = self.live.pos[s], self.live.spec[s]
        price = from_steps(fill.price_ticks, spec.tick_num, spec.tick_den)
        at_ms = self._counts_from(record, fill)
        if record.purpose is Purpose.ENTRY:
            fee, fee_qty = self._fee(s, fill, price)
            received = self._received(s, fill, fee_qty)
            self.live.opened(
                s, at_ms, price, fill.qty_lots, is_maker=fill.is_maker, fee=fee, fee_qty=fee_qty,
                received=received,
            )  # fmt: skip
            return 0
        lots = min(fill.qty_lots, int(p.lots))
        if lots:
            reason = self._reason(p, record.purpose, take, kills=kills)
            ideal = float(p.stop) if record.purpose is Purpose.STOP else float(p.mark)
            if fill.is_maker:
                ideal = price
            fee = self._fee(s, fill, price)[0] * lots / fill.qty_lots
            self.live.closed(
                s, at_ms, price, lots, is_maker=fill.is_maker, fee=fee, ideal=ideal, reason=reason
            )
        rest = fill.qty_lots - lots
        if rest and p.dust > 0.0:
            fee = self._fee(s, fill, price)[0] * rest / fill.qty_lots
            self.live.dust_sold(s, price, rest, fee)
            return 0
        return rest

    def dust_lots(self, symbol: str, price_ticks: int) -> int:
        """Return the most lots that cannot be sold alone at a price (SEMANTICS 3)."""
        if symbol not in self.places or price_ticks <= 0:
            return 0
        worth, least = self._dust[self.places[symbol]]
        return max(-(-worth // price_ticks), least) - 1

    def deepened(self, symbol: str, share: float | None) -> None:
        """Learn what part of its usual depth a book shows (R-RISK-20); None, not known, is all."""
        if symbol in self.places:
            self.live.deepened(self.places[symbol], 1.0 if share is None else share)

    def tighten(self, symbol: str, price_ticks: int, atrs: float) -> bool:
        """Move a stop to at most so many ATR of the entry from a price; False: none is known."""
        s = self.places[symbol]
        p, spec = self.live.pos[s], self.live.spec[s]
        if not (p.lots > 0 and p.atr > 0.0):
            return False
        self._held.clear()
        price = from_steps(price_ticks, spec.tick_num, spec.tick_den)
        self.live.tightened(s, float(price - p.side * atrs * p.atr))
        return True

    def written_off(self, symbol: str, at_ns: int) -> None:
        """Take what is left of a position as dust."""
        s = self.places[symbol]
        self._held.clear()
        if self.live.pos[s].lots > 0:
            self.live.written_off(s, at_ns // MS_NS)

    def _counts_from(self, record: OrderRecord, fill: Fill) -> int:
        """Return the time from which a fill counts for cool-downs and time exits.

        What rests fills somewhere inside a bar, and counts from its close, as in research, where
        nobody knows when inside; so does a stop whose price had passed before it could rest. A
        market order that was decided counts from its own time.
        """
        at_ms = fill.at_ns // MS_NS
        is_decided = bool(self.live.pos[self.places[fill.symbol]].out_lots > 0)
        rests = {
            Purpose.ENTRY: record.request.price_ticks > 0,
            Purpose.EXIT: False,
            Purpose.FLATTEN: not is_decided,
        }.get(record.purpose, True)
        anchor = self.last_open_ms(fill.symbol)
        if not rests or anchor < 0:
            return at_ms
        span = self.timeframe.ms
        return anchor + ((at_ms - anchor) // span + 1) * span

    def _reason(self, p: Any, purpose: Purpose, take: int | None, *, kills: bool) -> Exit:  # noqa: ANN401
        """Say why lots were closed."""
        if purpose is Purpose.TAKE and take is not None:
            return Exit(int(Exit.TAKE_1) + take)
        stopped = Exit(int(p.stop_reason) or int(Exit.STOP))
        if purpose in WAITING:
            return Exit.TRAILING_STOP if purpose is Purpose.TRAIL else stopped
        if p.out_lots > 0:
            return Exit(int(p.out_reason))
        return Exit.KILL_SWITCH if kills else stopped

    def _fee(self, s: int, fill: Fill, price: float) -> tuple[float, float]:
        """Return the fee of a fill in quote units, and in base units where it was paid so."""
        seat, spec = self.session.seats[s], self.live.spec[s]
        amount = fill.fee_atoms / 10 ** seat.digits.get(fill.fee_asset, 0)
        if fill.fee_asset == seat.quote or not fill.fee_atoms:
            return amount, 0.0
        if fill.fee_asset == seat.base:
            return amount * price, amount
        rate = float(spec.maker if fill.is_maker else spec.taker) * (1.0 - float(spec.fee_discount))
        return fill.qty_lots * spec.lot_num / spec.lot_den * price * rate, 0.0

    def _received(self, s: int, fill: Fill, fee_qty: float) -> int:
        """Return the whole lots that arrive: a fee in the base asset is taken from them.

        What the venue did counts, not what the settings expect of it.
        """
        spec = self.live.spec[s]
        if spec.perpetual:
            return fill.qty_lots
        if not fee_qty:
            if spec.fee_asset == int(FeeAsset.BASE):
                spec.fee_asset = int(FeeAsset.QUOTE)
            return fill.qty_lots
        spec.fee_asset = int(FeeAsset.BASE)
        qty = fill.qty_lots * spec.lot_num / spec.lot_den
        return int(steps_floor(qty - fee_qty, spec.lot_num, spec.lot_den))

    def funded(self, symbol: str, paid: int) -> None:
        """Book a funding payment, in quote atoms."""
        if symbol in self.places:
            s = self.places[symbol]
            seat = self.session.seats[s]
            self.live.funded(s, paid / 10 ** seat.digits[seat.quote])

    def flowed(self, amount: int) -> None:
        """Book a deposit or a withdrawal, in quote atoms."""
        seat = self.session.seats[0]
        self.live.flowed(amount / 10 ** seat.digits[seat.quote])

    def entry_over(self, symbol: str) -> None:
        """Hear that the entry order of a symbol has ended, or was never sent."""
        if symbol in self.places:
            self._held.clear()
            self.live.entry_over(self.places[symbol])


def _dust_of(spec: Any) -> tuple[int, int]:  # noqa: ANN401 - a SPEC row
    """Return the ticks times lots, and the lots, under which a position cannot be sold alone."""
    worth = spec.min_notional * spec.lot_den * spec.tick_den / (spec.lot_num * spec.tick_num)
    return math.ceil(worth), max(math.ceil(RESIDUAL * spec.min_lots), 1)
