"""Run: the Python side of the loop. Makes the state, grows the result arrays, closes the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.aside import compile_for_integers
from ballast.core.errors import InternalError, UserError
from ballast.core.jit import jit
from ballast.core.memory import Binding, i8
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import ACCOUNT, FILL, POSITION, REFUSED, TRADE
from ballast.core.sized import SIZED
from ballast.core.time import DAY_MS
from ballast.kernel import loop
from ballast.kernel.account import day_of, roll_days
from ballast.kernel.book import drop_entry, qty_of, write_trade
from ballast.kernel.market import Market, Run
from ballast.kernel.tape import (
    COLUMNS,
    RESULTS,
    STATE,
    TAPE,
    account_row,
    bind,
    position,
    spec_row,
    tape_row,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.kernel.market import Floats, Ints
    from ballast.kernel.tape import Records

FIRST_ROWS = 4096
"""First size of a recorded array; it doubles when full."""

_END = int(Exit.END)
_LAST_BAR = int(Refusal.LAST_BAR)


class Simulation:
    """One run in progress: `advance` to any step, look, go on, `finish`."""

    def __init__(
        self,
        market: Market,
        cash: float,
        *,
        record: bool = True,
        audit: bool = False,
        trade_rows: int = 0,
    ) -> None:
        """Prepare a run of `market` from `cash` quote units; `audit` checks the equity identity.

        With `trade_rows` trades are kept (so many at first) although nothing else is recorded.
        """
        if not cash > 0.0:
            raise UserError(
                f"initial cash is {cash:g}", expected="a positive amount", fix="set engine.cash"
            )
        symbols = len(market.spec)
        self.market = market
        self.clock = global_clock(market)
        if not len(self.clock):
            raise UserError("there are no bars to run on")
        self.audit = int(audit)
        self.pos: Any = np.zeros(symbols, POSITION).view(np.recarray)
        self.account: Any = np.zeros(1, ACCOUNT).view(np.recarray)
        first_ms = int(self.clock[0])
        last_ms = int(self.clock[-1])
        start_account(self.account, cash, first_ms)
        start_positions(self.pos, market.spec)
        days = (last_ms - 1) // DAY_MS - (first_ms - 1) // DAY_MS + 1
        steps = len(self.clock) if record else 0
        rows = FIRST_ROWS if record else 0
        self.equity: Floats = np.zeros(steps)
        self.exposure: Floats = np.zeros(steps)
        self.daily: Floats = np.zeros(days)
        self.refusals: Ints = np.zeros(len(Refusal), np.int64)
        self.here: Ints = np.zeros(symbols, np.int64)
        self.live: Ints = np.zeros(symbols, np.int64)
        self.order: Ints = np.zeros(symbols, np.int64)
        self.keys: Floats = np.zeros(symbols)
        self.sample = sample_of(market)
        self.fills: Any = np.zeros(rows, FILL).view(np.recarray)
        self.trades: Any = np.zeros(rows or trade_rows, TRADE).view(np.recarray)
        self.refused: Any = np.zeros(rows, REFUSED).view(np.recarray)
        self.sized: Any = np.zeros(rows, SIZED).view(np.recarray)
        finer = int(np.diff(market.fine_first).max()) if len(market.fine_first) > 1 else 0
        self.step_rows = symbols * (loop.ROWS_PER_STEP + loop.ROWS_PER_FINE_BAR * finer)
        self.tape: Any = np.zeros(1, TAPE).view(np.recarray)
        self._inputs = Binding()
        self.at = self._inputs.bind(self.tape)  # where compiled code finds the tape
        self._outputs = Binding()
        bind(self.tape[0], self._inputs, market, COLUMNS)
        bind(self.tape[0], self._inputs, self, STATE)
        self._bind_results()

    def _bind_results(self) -> None:
        """Point the tape at the result arrays, which move when they grow."""
        self._outputs.close()
        tape = self.tape[0]
        bind(tape, self._outputs, self, RESULTS)
        tape.symbols = len(self.pos)
        tape.bars = len(self.market.ts)
        tape.steps = len(self.clock)
        tape.fine_count = self.market.fine.shape[1]
        tape.fills_room = len(self.fills)
        tape.trades_room = len(self.trades)
        tape.refused_room = len(self.refused)
        tape.sized_room = len(self.sized)
        tape.daily_room = len(self.daily)
        tape.step_rows = self.step_rows

    def record_trades(self, rows: int) -> None:
        """Make room for the rows of `rows` trades, for a run that records nothing else."""
        self.trades = np.zeros(rows, TRADE).view(np.recarray)
        self._bind_results()

    def advance(self, stop_at: int | None = None) -> None:
        """Run to clock index `stop_at` (exclusive), or to the end."""
        stop = len(self.clock) if stop_at is None else stop_at
        while loop.advance(self.at, stop, self.audit, len(self.pos)) == loop.FULL:
            self._grow()

    def _grow(self) -> None:
        """Double whatever is nearly full."""
        need = self.step_rows
        acct = self.account[0]
        for name, used in (
            ("fills", acct.fills), ("trades", acct.trades), ("refused", acct.refusals),
            ("sized", acct.sized),
        ):  # fmt: skip
            rows = getattr(self, name)
            if used + need > len(rows):
                more = np.zeros(max(2 * len(rows), int(used) + 2 * need), rows.dtype)
                more[: len(rows)] = rows
                setattr(self, name, more.view(np.recarray))
        self._bind_results()

    def finish(self) -> Run:
        """Close the books: open positions become trades with reason END, queued entries expire."""
        acct = self.account[0]
        if acct.steps < len(self.clock):
            raise InternalError(f"run finished at step {acct.steps} of {len(self.clock)}")
        if len(self.trades):
            while acct.trades + len(self.pos) > len(self.trades):
                self._grow()
            while acct.refusals + len(self.pos) > len(self.refused):
                self._grow()
        close_books(self.at)
        self._inputs.close()
        self._outputs.close()
        gap = float(acct.identity_gap) if self.audit else None
        acct.identity_gap = 0.0  # an audited run is the same run: its account has the same bytes
        recorded = len(self.equity) > 0
        # The loop wrote notionals. Where nothing is left to be exposed, exposure is 0.
        solvent = self.equity > 0.0
        np.divide(self.exposure, self.equity, out=self.exposure, where=solvent)
        self.exposure[~solvent] = 0.0
        first_day = (acct.first_ms - 1) // DAY_MS
        days = np.arange(1, len(self.daily) + 1, dtype=np.int64)
        return Run(
            account=acct,
            positions=self.pos,
            fills=self.fills[: acct.fills if recorded else 0],
            trades=self.trades[: acct.trades if recorded else 0],
            refused=self.refused[: acct.refusals],
            sized=self.sized[: acct.sized],
            refusals=self.refusals,
            clock_ms=self.clock,
            equity=self.equity,
            exposure=self.exposure,
            day_ms=(first_day + days) * DAY_MS,
            daily=self.daily,
            identity_gap=gap,
        )


def sample_of(market: Market) -> Floats:
    """Return the room in which value at risk is worked out; none where it is not limited."""
    limits: Any = market.limits[0]
    return np.zeros(int(limits.value_at_risk_bars) if limits.value_at_risk > 0.0 else 0)


def start_account(account: Records, cash: float, first_ms: int) -> None:
    """Write the account as it is before the first close at `first_ms`; the rows must be zeroed."""
    for name in ("cash", "equity", "initial", "peak", "trough", "day_open"):
        account[name] = cash
    for name in ("first_ms", "now_ms", "peak_ms"):
        account[name] = first_ms
    day = (first_ms - 1) // DAY_MS
    account["day"], account["day_end_ms"] = day, (day + 1) * DAY_MS


def start_positions(pos: Records, spec: Records) -> None:
    """Put the cursors of every symbol before its first bar, funding and fee; rows are zeroed."""
    pos["bar"] = spec["first"]
    pos["fund_row"] = np.where(spec["perpetual"] != 0, spec["fund_first"], spec["fund_last"])
    pos["fee_row"] = spec["fee_first"] - 1


def compile_books() -> None:
    """Compile what `finish` needs, while the loop is compiled elsewhere."""
    compile_for_integers(close_books, 1)


@jit
def close_books(tape: int) -> None:
    """Write the last day and, for what is still open, the trade rows (marked, not closed)."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    last_ms = i8(t.clock, t.steps - 1)
    roll_days(t, acct, day_of(last_ms) + 1)
    acct.longest_drawdown_ms = max(acct.longest_drawdown_ms, last_ms - acct.peak_ms)
    for s in range(t.symbols):
        p = position(t.pos, s)
        spec = spec_row(t.spec, s)
        if p.lots > 0:
            open_profit = p.side * (p.mark - p.entry) * qty_of(spec, p.lots)
            pnl = p.realised + open_profit - p.fees - p.funding
            write_trade(t, acct, p, s, spec.last - 1, last_ms, _END, p.mark, pnl)
        if p.in_lots > 0:
            drop_entry(t, acct, s, _LAST_BAR, 0.0, 0.0)


def global_clock(market: Market) -> NDArray[np.int64]:
    """Return the sorted close times of all bars of all symbols."""
    spec: Any = market.spec
    opens = [market.ts[row.first : row.last] for row in spec]
    frames = [int(row.timeframe_ms) for row in spec]
    if all(frame == frames[0] for frame in frames) and all(
        np.array_equal(each, opens[0]) for each in opens[1:]
    ):
        return np.ascontiguousarray(opens[0] + frames[0])
    return np.unique(
        np.concatenate([each + frame for each, frame in zip(opens, frames, strict=True)])
    )


def simulate(market: Market, cash: float, *, record: bool = True, audit: bool = False) -> Run:
    """Run `market` from start to end; `record=False` keeps counters and daily equity only."""
    simulation = Simulation(market, cash, record=record, audit=audit)
    simulation.advance()
    return simulation.finish()


REPLACED = ("plan", "signals", "atr", "stop", "confidence", "volatility")
"""Columns that differ from run to run of a sweep."""


def raw(rows: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - a recarray
    """Return the bytes of structured rows, as a view."""
    return np.asarray(rows).view(np.uint8).reshape(-1)


class Repeater:
    """Many runs over the same data: inputs are bound once, state is wiped between runs.

    Keeps counters and daily equity only. One object serves one thread. `tape` is the address of the
    row that says where everything is, for compiled code that reads the outcome.
    """

    def __init__(self, market: Market, cash: float) -> None:
        """Prepare for runs of `market`'s data from `cash`; its columns may be replaced each run."""
        self._simulation = sim = Simulation(market, cash, record=False)
        self.tape = sim.at
        self.daily = sim.daily
        self.refusals = sim.refusals
        # Plain bytes and integers: a recarray spends more time on its names than a run takes.
        self._state = (raw(sim.pos), raw(sim.account))
        self._fresh = tuple(part.copy() for part in self._state)
        self._addresses = np.asarray(sim.tape).view(np.int64).reshape(-1)
        names = TAPE.names or ()
        self._places = tuple(names.index(name) for name in REPLACED)
        self._steps = len(sim.clock)
        self._columns: tuple[NDArray[Any], ...] = ()
        self._binding = Binding()

    def __call__(
        self,
        plan: NDArray[np.void],
        signals: NDArray[np.uint8],
        atr: Floats,
        stop: Floats,
        confidence: Floats,
        volatility: Floats,
    ) -> tuple[Any, Floats, Ints]:
        """Run one combination; return (account, daily equity, refusals), valid until the next.

        `plan` is a PLAN array, the columns are as in `Market`.
        """
        self.bind(plan, signals, atr, stop, confidence, volatility)
        self.repeat()
        return self._simulation.account, self.daily, self.refusals

    def bind(self, *columns: NDArray[Any]) -> None:
        """Take the plan and the columns of the runs to come; they are read, never copied."""
        self._binding.close()
        self._columns = columns
        for place, column in zip(self._places, columns, strict=True):
            self._addresses[place] = self._binding.bind(column)

    def repeat(self) -> None:
        """Run from the start on what is bound."""
        for part, fresh in zip(self._state, self._fresh, strict=True):
            part[:] = fresh
        self.refusals.fill(0)
        loop.advance(self.tape, self._steps, 0, len(self._simulation.pos))
        close_books(self.tape)

    @property
    def open_count(self) -> int:
        """Count the positions that the last run left open; they are in `account.trades`."""
        return int(np.count_nonzero(self._simulation.pos.lots))
