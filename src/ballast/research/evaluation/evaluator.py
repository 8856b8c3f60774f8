"""Evaluator: what these combinations would have earned in that span.

    from ballast.research.evaluation import Evaluator, Span
    judge = Evaluator(load("ema_cross"), [Series(bars)], Settings())
    figures, daily = judge.evaluate([{"fast": 9}, {"fast": 12}], Span(from_ms, to_ms))

Columns are computed once, on the whole series. They are causal, so a run that starts at a later bar
has warm indicators, as a bot that is restarted has. The run itself starts flat, with fresh cash and
a fresh gate, at the first bar of the span. Same input, same bytes, whatever the number of workers.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError, UserError
from ballast.core.memory import COMPILED
from ballast.core.time import DAY_MS
from ballast.research.assembly import assemble
from ballast.research.evaluation.lane import Rows
from ballast.research.evaluation.prepared import Shelf
from ballast.research.evaluation.recorded import run_of_span
from ballast.research.evaluation.seat import Seat
from ballast.research.evaluation.span import Span
from ballast.research.pool import Pool
from ballast.research.run import check_series, own_settings
from ballast.research.sweep_row import METRICS
from ballast.research.tables import tables_of
from ballast.strategies.cache import ColumnCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.core.settings import Settings
    from ballast.core.time import Timeframe
    from ballast.kernel.market import Floats, Ints, Market
    from ballast.research.result import Result
    from ballast.research.series import Series
    from ballast.strategies.plan import AnyStrategy

CHUNK = 64
"""Combinations a thread takes at a time: their columns stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the combinations did in one span, a row each."""

    figures: Floats  # [n, len(METRICS)], in the order of `sweep_row.METRICS`; NaN: not defined
    daily: Floats  # [n, days] simple returns of marked equity per UTC calendar day; never NaN
    longest_ms: Ints  # [n] longest trade, open ones up to the end of the span
    held: Floats  # [n] notional that is still open at the end, in quote units

    def column(self, metric: str) -> Floats:
        """Return one figure of all combinations."""
        found: Floats = self.figures[:, METRICS.index(metric)]
        return found


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the combinations had done by one moment of a longer run, a row each."""

    daily: Floats  # [n, days] simple returns, as in `Evaluation`
    closed: Ints  # [n] trades closed
    longest_ms: Ints  # [n] longest trade, open ones up to that moment


class Evaluator:
    """Many short runs of one strategy over one group of series that share an account."""

    def __init__(
        self,
        strategy: AnyStrategy,
        group: Sequence[Series],
        settings: Settings,
        *,
        symbol_settings: Mapping[str, Settings] | None = None,
        kelly: float = 0.0,
        cache: ColumnCache | None = None,
        workers: int = 1,
        like: Evaluator | None = None,
    ) -> None:
        """Prepare; nothing runs yet. Raise `UserError` for series that cannot run together.

        `workers` is the number of threads, 0: one a core. A `cache` that several evaluators share,
        or that several workers use, must have been given a lock. `like` is an evaluator of the same
        strategy whose compiled form is taken over: for many markets, one after the other.
        """
        check_series(group)
        if like is not None and like.strategy is not strategy:
            raise InternalError("an evaluator can only be like one of the same strategy")
        if workers < 0:
            raise UserError(f"{workers} workers", expected="at least 1, or 0: one a core")
        self.strategy: AnyStrategy = strategy
        self.group = tuple(group)
        self.settings = settings
        self.symbol_settings = dict(symbol_settings or {})
        self.kelly = kelly
        self.span = Span.of(group)
        self.timeframe: Timeframe = group[0].bars.timeframe
        # Without the compiler arrays are found by address in one table, which threads cannot share.
        self.workers = (workers or os.cpu_count() or 1) if COMPILED else 1
        lock = threading.RLock() if self.workers > 1 else None
        self.cache = ColumnCache(lock=lock) if cache is None else cache
        own = own_settings(group, settings, self.symbol_settings)
        self.settings_of: list[Settings] = [own.get(one.bars.symbol, settings) for one in group]
        self.shelf = Shelf()
        self._tables = tables_of(group, self.settings_of)
        self._market: Market | None = None
        self._lock = threading.Lock()
        self.first_seat: Seat = Seat(self, {} if like is None else like.first_seat.known)
        self._free = [self.first_seat]

    def allows(self, params: Mapping[str, float]) -> bool:
        """Whether a combination is inside all ranges and keeps the strategy's rules."""
        return self.first_seat.compiled[0].allows(params)

    def days(self, span: Span | None = None) -> int:
        """Count the UTC calendar days of a span: the columns of `daily`.

        Two spans that meet at midnight share no day; days without a bar count, with a return of 0.
        """
        chosen = span or self.span
        last = chosen.last_day()
        for one in self.group:  # a bar that opens in the span may close after it
            first_row, end_row = chosen.rows(one.bars)
            if end_row > first_row:
                end_ms = int(one.bars.ts[end_row - 1]) + self.timeframe.ms
                last = max(last, (end_ms - 1) // DAY_MS)
        return last - chosen.first_day(self.timeframe) + 1

    def figures(self, combos: Sequence[Mapping[str, float]], span: Span | None = None) -> Floats:
        """Return the figures of every combination, [n, len(METRICS)]; no curve is kept."""
        return self.passes(combos, [span or self.span], daily=False)[0].figures

    def daily(self, combos: Sequence[Mapping[str, float]], span: Span | None = None) -> Floats:
        """Return the daily returns of every combination, [n, days]."""
        return self.passes(combos, [span or self.span])[0].daily

    def evaluate(
        self, combos: Sequence[Mapping[str, float]], span: Span | None = None
    ) -> tuple[Floats, Floats]:
        """Return (figures, daily) of every combination, from one pass."""
        found = self.passes(combos, [span or self.span])[0]
        return found.figures, found.daily

    def passes(
        self,
        combos: Sequence[Mapping[str, float]],
        spans: Sequence[Span],
        *,
        daily: bool = True,
        cash: float | None = None,
    ) -> tuple[Evaluation, ...]:
        """Run every combination in every span; return one evaluation a span.

        Faster than a call a span: plan and columns of a combination are looked up once. Raise
        `UserError` for a combination that cannot run and for a span without a bar. `cash` replaces
        the cash at the start. Without `daily` no returns are kept (their array has no rows).
        """
        rows = tuple(Rows.empty(len(combos), self.days(span), 1, daily=daily) for span in spans)
        self._run(combos, spans, rows, self.settings.engine.initial_cash if cash is None else cash)
        return tuple(
            Evaluation(one.figures, one.daily, one.longest_ms[:, 0], one.held) for one in rows
        )

    def prefixes(
        self, combos: Sequence[Mapping[str, float]], from_ms: int, ends: Sequence[int]
    ) -> tuple[Prefix, ...]:
        """Run every combination once from `from_ms`, and say what it had done by each of `ends`.

        Spans that start at one bar are prefixes of one run: the windows of an anchored walk-forward
        cost one sweep, not one each. Every end (ms, rising) must lie at midnight UTC.
        """
        if any(end % DAY_MS for end in ends) or list(ends) != sorted(set(ends)):
            raise InternalError(f"prefixes end at rising midnights, not at {list(ends)}")
        spans = [Span(from_ms, end) for end in ends]
        spans[0].require_bars(self.group)
        rows = Rows.empty(len(combos), self.days(spans[-1]), len(ends), daily=True)
        self._run(combos, spans[-1:], (rows,), self.settings.engine.initial_cash, ends[:-1])
        return tuple(
            Prefix(rows.daily[:, : self.days(span)], rows.closed[:, k], rows.longest_ms[:, k])
            for k, span in enumerate(spans)
        )

    def _run(
        self,
        combos: Sequence[Mapping[str, float]],
        spans: Sequence[Span],
        found: Sequence[Rows],
        cash: float,
        ends: Sequence[int] = (),
    ) -> None:
        """Run chunks of combinations, on threads where there are several."""
        starts = range(0, len(combos), CHUNK)

        def work(first: int) -> None:
            part = slice(first, first + CHUNK)
            with self._seat() as seat:
                seat.run(combos[part], spans, cash, [rows.part(part) for rows in found], ends)

        if self.workers == 1 or len(starts) <= 1:
            for first in starts:
                work(first)
        else:
            with Pool(self.workers, "evaluate") as pool:
                pool.each(work, starts)

    def run(
        self,
        params: Mapping[str, float],
        span: Span | None = None,
        *,
        settings: Settings | None = None,
        cash: float | None = None,
    ) -> Result:
        """Return the whole, recorded backtest of a span: trades, equity, refusals.

        `settings` replaces those of the evaluator, but not those of single symbols. Bars of the
        result, and bar numbers in its records, are those of the span. Its card is that of a
        backtest where the span is the whole data; else it names the bars before it in the settings,
        because the indicators have seen them.
        """
        return run_of_span(self, params, span or self.span, settings or self.settings, cash)

    def market(self, params: Mapping[str, float], seat: Seat) -> Market:
        """Return the flat arrays of the whole data; plan and columns in them are to be replaced."""
        with self._lock:
            if self._market is None:
                legs = seat.legs(params)
                self._market = assemble(legs, self._tables, self.cache, dense=True)
            return self._market

    @contextmanager
    def _seat(self) -> Iterator[Seat]:
        """Lend a free seat to a thread, or a new one."""
        with self._lock:
            seat = self._free.pop() if self._free else None
        seat = seat or Seat(self, {})
        yield seat
        with self._lock:
            self._free.append(seat)
