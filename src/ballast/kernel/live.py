"""Live: the compiled steps driven one close at a time, for fills that a venue reports.

The loop of research matches orders itself; here they are matched elsewhere. Everything else is the
same machine code over the same rows (`stepwise.py`): ratchets, marking, account rules, exits, the
gate's limits, sizing. So what is decided live is what research decides on the same bars and fills.
`Live` is the Python side, one object an account.

A window of the last bars is kept for each symbol. When it is full its older half goes, and the
numbers of bars in the position rows move with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.memory import Binding
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import ACCOUNT, FILL, POSITION, REFUSED, TAKES_MAX, TRADE
from ballast.core.sized import SIZED
from ballast.kernel import stepwise
from ballast.kernel.market import Market
from ballast.kernel.run import sample_of, start_account, start_positions
from ballast.kernel.tape import (
    COLUMNS,
    RESULTS,
    STATE,
    TAPE,
    bind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

DAYS_MOST = 36_600
"""Daily closes that an account may gather: a hundred years."""
BAR_COLUMNS = ("open", "high", "low", "close", "volume")
MARK_COLUMNS = ("mark_high", "mark_low", "mark_close")
OPTIONAL = ("stop", "confidence", "floor", "volatility", "sigma", "quote_volume")


NO_SIGNALS = frozenset(
    {
        Refusal.ALREADY_IN_POSITION,
        Refusal.CONFLICTING_SIGNALS,
        Refusal.EXPIRED,
        Refusal.NO_LIQUIDITY_AT_FILL,
        Refusal.LAST_BAR,
    }
)
"""What is told of a position, of a byte that asks for both sides, or of an entry queued before."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What the kernel's own limits refused at a close."""

    place: int
    side: int
    """1 or -1; 0 where both were asked for."""
    reason: Refusal
    measured: float
    limit: float
    is_signal: bool
    """Whether it is a signal of this close for one side, that found nothing held or queued."""


_STEPS: tuple[tuple[Any, str], ...] = (
    (stepwise.begin_close, "(int64, int64)"),
    (stepwise.close_bar, "(int64, int64, int64)"),
    (stepwise.decide, "(int64,)"),
    (
        stepwise.opened,
        "(int64, int64, int64, float64, float64, int64, int64, float64, float64, int64)",
    ),
    (stepwise.restop, "(int64, int64, float64)"),
    (stepwise.tighten, "(int64, int64, float64)"),
    (stepwise.closed, "(int64, int64, int64, float64, float64, int64, int64, float64, int64)"),
    (stepwise.takes_of, "(int64, int64, int64[::1])"),
    (stepwise.exposures, "(int64, float64[::1], float64[::1])"),
    (stepwise.at_risk, "(int64,)"),
    (stepwise.entry_over, "(int64, int64)"),
    (stepwise.write_off, "(int64, int64, int64)"),
    (stepwise.sell_dust, "(int64, int64, float64, int64, float64)"),
)
"""The steps, with the types that `Live` calls them with."""


def compile_steps() -> None:
    """Compile every step now, or load what is kept of it.

    Left to the first call, the first fill of a machine's first session waits for the compiler:
    seconds in which the position that it opened has no stop.
    """
    for step, types in _STEPS:
        step.compile(types)


class Live:
    """The kernel's memory of one account, in live arrays; places are those of the symbols."""

    def __init__(
        self,
        market: Market,
        cash: float,
        at_ms: int,
        *,
        room: int,
    ) -> None:
        """Begin with `cash` quote units at `at_ms`; keep up to `room` bars a symbol.

        Of `market`, the rows of instruments, plans and limits, and the fee and tier tables are
        taken; its bars are not.
        """
        symbols = len(market.spec)
        self.room = room
        self.spec: Any = market.spec.copy().view(np.recarray)
        self.spec["first"] = np.arange(symbols) * (room + 1)
        self.spec["last"] = self.spec["first"]
        self.spec["fund_first"] = self.spec["fund_last"] = 0
        self.spec["delisted"] = 0
        self._firsts, self._lasts = self.spec["first"], self.spec["last"]  # views, without records
        self.columns = self._columns(market, symbols * (room + 1))
        self._series = [getattr(self.columns, name) for name in ("ts", *BAR_COLUMNS)]
        self.pos: Any = np.zeros(symbols, POSITION).view(np.recarray)
        self._bars = self.pos["bar"]
        self.account: Any = np.zeros(1, ACCOUNT).view(np.recarray)
        start_account(self.account, cash, at_ms)
        start_positions(self.pos, self.spec)
        self.clock = np.zeros(1, np.int64)
        self.here, self.live, self.order = (np.zeros(symbols, np.int64) for _ in range(3))
        self.keys = np.zeros(symbols)
        self.sample = sample_of(market)
        self.fills: Any = np.zeros(0, FILL).view(np.recarray)
        self.trades: Any = np.zeros(0, TRADE).view(np.recarray)
        self.refused: Any = np.zeros(4 * symbols, REFUSED).view(np.recarray)
        self.sized: Any = np.zeros(symbols, SIZED).view(np.recarray)
        self.refusals = np.zeros(len(Refusal), np.int64)
        self.equity, self.exposure = np.zeros(0), np.zeros(0)
        self.daily = np.zeros(DAYS_MOST)
        self.entered = [0] * symbols
        self._takes = np.zeros(TAKES_MAX, np.int64)
        self._binding = Binding()
        self._tape: Any = np.zeros(1, TAPE).view(np.recarray)
        self.at = self._binding.bind(self._tape)
        bind(self._tape[0], self._binding, self.columns, COLUMNS)
        bind(self._tape[0], self._binding, self, STATE)
        bind(self._tape[0], self._binding, self, RESULTS)
        row = self._tape[0]
        row.symbols, row.bars = symbols, symbols * (room + 1)
        row.refused_room, row.daily_room = len(self.refused), DAYS_MOST
        row.sized_room = symbols

    def _columns(self, market: Market, rows: int) -> Market:
        """Return the live arrays: room for every column that `market` has."""
        floats = {name: np.zeros(rows) for name in BAR_COLUMNS}
        has_mark = bool(np.any(self.spec["has_mark"]))
        marks = {
            name: np.zeros(rows) if has_mark else floats[name.removeprefix("mark_")]
            for name in MARK_COLUMNS
        }
        optional = {name: np.zeros(rows if len(getattr(market, name)) else 0) for name in OPTIONAL}
        return Market(
            spec=self.spec,
            plan=market.plan,
            limits=market.limits,
            ts=np.zeros(rows, np.int64),
            **floats,
            **marks,
            signals=np.zeros(rows, np.uint8),
            atr=np.zeros(rows),
            **optional,
            funding=market.funding[:0],
            fees=market.fees,
            tiers=market.tiers,
            depth=market.depth,
            fine_first=np.zeros(0, np.int64),
            fine=np.zeros((5, 0)),
        )

    # Bars -----------------------------------------------------------------------------------

    def append(self, s: int, open_ms: int, prices: Sequence[float], mark: Sequence[float]) -> None:
        """Add a bar: open, high, low, close, volume; `mark`: high, low, close, or nothing."""
        if int(self._lasts[s] - self._firsts[s]) >= self.room:
            self._forget_half(s)
        row = int(self._lasts[s])
        columns = self.columns
        for column, value in zip(self._series, (open_ms, *prices), strict=True):
            column[row] = value
        if columns.mark_high is not columns.high:
            used = mark or (prices[1], prices[2], prices[3])
            for name, value in zip(MARK_COLUMNS, used, strict=True):
                getattr(columns, name)[row] = value
        self._lasts[s] = row + 1

    def skip(self, s: int) -> None:
        """Count the last bar as history: nothing is decided on it."""
        self._bars[s] = self._lasts[s]

    def _forget_half(self, s: int) -> None:
        first, last = int(self.spec[s].first), int(self.spec[s].last)
        gone = (last - first) // 2
        arrays = {
            id(one): one
            for name in COLUMNS
            if isinstance(one := getattr(self.columns, name), np.ndarray)
            and one.ndim == 1
            and len(one) == len(self.columns.ts)
        }
        for one in arrays.values():
            one[first : last - gone] = one[first + gone : last].copy()
        self.spec[s].last = last - gone
        for name in ("bar", "entry_bar", "decided_bar", "in_bar"):
            self.pos[s][name] -= gone

    def window(self, s: int) -> list[NDArray[Any]]:
        """Return the bars that are kept of a symbol, as views: ts, open … volume."""
        first, last = int(self._firsts[s]), int(self._lasts[s])
        return [column[first:last] for column in self._series]

    def last_open_ms(self, s: int) -> int:
        """Return the open time of the newest bar of a symbol; -1 before the first."""
        last = int(self._lasts[s])
        return int(self.columns.ts[last - 1]) if last > self._firsts[s] else -1

    # A close --------------------------------------------------------------------------------

    def close(self, now_ms: int, rows: Mapping[int, Mapping[str, float]]) -> list[Refused]:
        """Take the decisions of one close; `rows` are the columns' last values by symbol.

        Return what was refused; entries, exits, stops and takes are in the position rows then.
        """
        stepwise.begin_close(self.at, now_ms)
        for s, values in rows.items():
            last = int(self._lasts[s]) - 1
            if self._bars[s] != last:
                raise InternalError(f"bar {last} of symbol {s} after {int(self._bars[s])}")
            for name, value in values.items():
                column = getattr(self.columns, name)
                if len(column):
                    column[last] = value
            stepwise.close_bar(self.at, s, self.entered[s])
            self.entered[s] = 0
        stepwise.decide(self.at)
        return [
            self._refused(row, is_closed=int(row.symbol) in rows)
            for row in self.refused[: int(self.account[0].refusals)]
        ]

    def _refused(self, row: Any, *, is_closed: bool) -> Refused:  # noqa: ANN401 - a REFUSED row
        """Return what a row says; an entry that was queued before carries the bar of then."""
        s, reason = int(row.symbol), Refusal(int(row.reason))
        is_newest = is_closed and int(row.bar) == int(self._lasts[s]) - 1
        return Refused(
            s, int(row.side), reason, float(row.measured), float(row.limit),
            is_signal=is_newest and reason not in NO_SIGNALS,
        )  # fmt: skip

    def sized_of(self, s: int) -> dict[str, float] | None:
        """Return what explains the size of a symbol at the last close; None: nothing was sized.

        Of the numbers of a `SIZED` row those that are finite: a cap that is off is not among them.
        """
        for row in self.sized[: int(self.account[0].sized)]:
            if row.symbol == s:
                told = {name: float(row[name]) for name in SIZED.names or ()}
                return {name: value for name, value in told.items() if math.isfinite(value)}
        return None

    # Fills ----------------------------------------------------------------------------------

    def opened(
        self, s: int, at_ms: int, price: float, lots: int, *, is_maker: bool, fee: float,
        fee_qty: float = 0.0, received: int | None = None,
    ) -> None:  # fmt: skip
        """Book a fill of an entry; `received` lots arrive where the fee is taken from them."""
        ideal = float(self.pos[s].signal_price)
        arrives = lots if received is None else received
        stepwise.opened(self.at, s, at_ms, price, ideal, lots, int(is_maker), fee, fee_qty, arrives)
        self.entered[s] = int(is_maker)

    def foreseen(
        self, s: int, side: int, at_ms: int, price: float, *, bars: int,
        atr: float, stop: float, confidence: float,
    ) -> None:  # fmt: skip
        """Prepare a flat symbol for fills of a position that was not decided here.

        It began at `at_ms`, `bars` closes ago; `atr`, `stop` and `confidence` are of its bar.
        """
        row = self.pos[s]
        if row.lots:
            raise InternalError(f"symbol {s} holds {row.lots} lots")
        row.in_side, row.in_lots, row.in_limit, row.in_distance = side, 0, 0.0, 0.0
        row.in_atr, row.in_stop, row.in_confidence = atr, stop, confidence
        row.in_bar = row.bar - 1 - bars
        row.signal_price = price
        row.last_entry_ms = max(int(row.last_entry_ms), at_ms)

    def begun(self, s: int, bars: int) -> None:
        """Let the position of a symbol count as opened so many closes ago."""
        self.pos[s].entry_bar = self.pos[s].bar - bars

    def restopped(self, s: int, price: float) -> None:
        """Put the stop of a position where a person wants it."""
        stepwise.restop(self.at, s, price)

    def tightened(self, s: int, price: float) -> None:
        """Move the stop of a position that has one to a price, unless it is closer already.

        Its takes stay where they are, and its R what it was.
        """
        stepwise.tighten(self.at, s, price)

    def closed(
        self, s: int, at_ms: int, price: float, lots: int, *, is_maker: bool, fee: float,
        ideal: float, reason: Exit,
    ) -> None:  # fmt: skip
        """Book a fill that closes a part or all of a position."""
        stepwise.closed(self.at, s, at_ms, price, ideal, lots, int(is_maker), fee, int(reason))

    def written_off(self, s: int, at_ms: int) -> None:
        """Take what is left of a position as dust."""
        stepwise.write_off(self.at, s, at_ms)

    def dust_sold(self, s: int, price: float, lots: int, fee: float) -> None:
        """Book that dust went out with a position."""
        stepwise.sell_dust(self.at, s, price, lots, fee)

    def takes(self, s: int) -> list[tuple[int, float, int]]:
        """Return (number, price, lots) of each take that should rest."""
        stepwise.takes_of(self.at, s, self._takes)
        prices = self.pos[s].take_price
        return [(k, float(prices[k]), int(lots)) for k, lots in enumerate(self._takes) if lots > 0]

    def exposures(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return signed notionals and losses at the stop, a place a symbol, in quote units."""
        notional, at_stop = np.zeros((2, len(self.pos)))
        stepwise.exposures(self.at, notional, at_stop)
        return notional, at_stop

    def at_risk(self) -> float | None:
        """Return what one day in a hundred may lose, in quote units; None where it has no limit.

        As the limit sees it: queued entries count, and bars that lack are a whole loss.
        """
        return float(stepwise.at_risk(self.at)) if len(self.sample) else None

    def entry_over(self, s: int) -> None:
        """Forget what is left of an entry whose order has ended."""
        stepwise.entry_over(self.at, s)

    def funded(self, s: int, paid: float) -> None:
        """Book a funding payment, in quote units; negative: received."""
        self.account.cash[0] -= paid
        self.account.funding[0] += paid
        self.pos.funding[s] += paid

    def flowed(self, amount: float) -> None:
        """Book a deposit or, negative, a withdrawal: the levels scale with it (R-RISK-28)."""
        acct = self.account[0]
        factor = (acct.equity + amount) / acct.equity if acct.equity > 0.0 else 1.0
        for name in ("peak", "trough", "day_open"):
            acct[name] *= factor
        self.daily *= factor
        acct.cash += amount
        acct.equity += amount
        acct.flows += amount

    def deepened(self, s: int, share: float) -> None:
        """Learn what part of its usual depth the book of a symbol shows; 1 where nobody knows.

        The next entries are held against it as against a collapse of volume (R-RISK-20).
        """
        self.pos[s].depth_lack = 1.0 - min(max(share, 0.0), 1.0)

    def released(self) -> None:
        """Take the drawdown's latch off after a person released it; the peak is equity now."""
        acct = self.account[0]
        acct.killed = 0
        acct.peak = acct.trough = acct.equity
