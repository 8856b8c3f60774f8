"""One backtest, from a strategy and series to a result.

    from ballast.research.run import backtest
    from ballast.research.series import Series
    result = backtest(load("ema_cross"), [Series(bars)], params={"fast": 12})

The same inputs give the same result to the byte: nothing here reads a clock, the network, or
randomness that is not in the run card.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import UserError
from ballast.core.hashing import value_hash
from ballast.core.instrument import Kind
from ballast.core.memory import COMPILED
from ballast.core.settings import Settings, as_dict
from ballast.core.time import format_ms
from ballast.kernel.run import simulate
from ballast.research.assembly import Leg, assemble, plan_defaults
from ballast.research.assignment import assigned
from ballast.research.code import code_version
from ballast.research.result import CardStrategy, Result, RunCard
from ballast.strategies.plan import CompiledStrategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.kernel.market import Run
    from ballast.research.assignment import Assignment
    from ballast.research.series import Series
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.plan import AnyStrategy, Plan

SECTIONS_OF_A_RUN = ("engine", "risk", "sizing", "costs", "exits")
"""Settings that can change a result; the others are not part of its card."""
DATA_OF_A_RUN = ("gap_factor", "completeness", "extreme_move", "quality_threshold")
"""Of the data settings, what decides which steps are gaps and what is noted of the quality."""
SYMBOLS, KELLY, DETAIL = "symbols", "kelly", "detail"
"""What stands beside the sections in a card's settings, where it was used."""


def legs_of(
    strategy: AnyStrategy,
    series: Sequence[Series],
    params: Mapping[str, float] | None = None,
    settings: Settings | None = None,
    *,
    symbol_settings: Mapping[str, Settings] | None = None,
    kelly: float = 0.0,
    others: Sequence[Assignment] = (),
) -> tuple[Leg, ...]:
    """Return the legs of a run: every symbol with the plan and the settings that hold for it."""
    chosen = settings or Settings()
    check_series(series)
    symbols = [one.bars.symbol for one in series]
    owner = {
        symbol: one
        for one in assigned(strategy, symbols, params, others, kelly=kelly)
        for symbol in one.symbols
    }
    own = own_settings(series, chosen, symbol_settings or {})
    legs = []
    for one in series:
        its, trades = own.get(one.bars.symbol, chosen), owner[one.bars.symbol]
        compiled = CompiledStrategy(trades.strategy, plan_defaults(its))
        plan = compiled.plan(trades.params, one.bars.timeframe)
        legs.append(Leg(one, plan, its, trades.kelly))
    return tuple(legs)


def plan_of(legs: Sequence[Leg], symbol: str) -> Plan:
    """Return the plan that trades a symbol."""
    return next(leg.plan for leg in legs if leg.series.bars.symbol == symbol)


def own_settings(
    series: Sequence[Series], settings: Settings, symbol_settings: Mapping[str, Settings]
) -> dict[str, Settings]:
    """Return the settings of the run's symbols that have their own; limits stay the account's."""
    symbols = {one.bars.symbol for one in series}
    return {
        name: replace(its, risk=settings.risk)
        for name, its in symbol_settings.items()
        if name in symbols
    }


def check_series(series: Sequence[Series]) -> None:
    """Raise `UserError` unless the series can share one clock."""
    if not series:
        raise UserError("no series to run on", fix="name at least one symbol")
    frames = {str(one.bars.timeframe) for one in series}
    if len(frames) > 1:
        raise UserError(
            f"mixed timeframes: {', '.join(sorted(frames))}",
            expected="one timeframe for all symbols of a run",
        )
    quotes = sorted({one.rules.quote for one in series})
    if len(quotes) > 1:
        raise UserError(
            f"mixed quote currencies: {', '.join(quotes)}",
            expected="one currency for the cash of a run",
            fix="run them apart",
        )
    symbols = [one.bars.symbol for one in series]
    double = next((name for name in symbols if symbols.count(name) > 1), "")
    if double:
        raise UserError(f"{double} is named twice", expected="each symbol once")


def backtest(
    strategy: AnyStrategy,
    series: Sequence[Series],
    *,
    params: Mapping[str, float] | None = None,
    settings: Settings | None = None,
    symbol_settings: Mapping[str, Settings] | None = None,
    kelly: float = 0.0,
    others: Sequence[Assignment] = (),
    data_root: str = "",
    detail: str = "",
    cache: ColumnCache | None = None,
    audit: bool = False,
) -> Result:
    """Run `strategy` over `series` with shared cash; raise `UserError` on input that cannot run.

    `others` trade symbols of the series in its place, each its own, out of the same account.
    `symbol_settings` replaces the settings of single symbols; the account's own limits are always
    those of `settings`. `detail` names the timeframe of the series' finer bars, for the card.
    `audit` checks the equity identity at every bar.
    """
    chosen = settings or Settings()
    legs = legs_of(
        strategy, series, params, chosen, symbol_settings=symbol_settings, kelly=kelly,
        others=others,
    )  # fmt: skip
    market = assemble(legs, cache=cache)
    run = simulate(market, chosen.engine.initial_cash, audit=audit)
    symbols = [one.bars.symbol for one in series]
    (first, *beside) = assigned(strategy, symbols, params, others)
    return Result(
        card=card_of(
            plan_of(legs, first.symbols[0]),
            series,
            effective_settings(
                chosen, own_settings(series, chosen, symbol_settings or {}), kelly, detail
            ),
            data_root,
            chosen.engine.seed,
            [(plan_of(legs, one.symbols[0]), one) for one in beside],
        ),
        bars=tuple(one.bars for one in series),
        instruments=tuple(one.rules for one in series),
        run=run,
        warmup_bars=max(leg.plan.warmup for leg in legs),
        tags=tuple(leg.plan.strategy.tag or leg.plan.strategy.name for leg in legs),
        notes=notes_of(series, chosen, run),
    )


def effective_settings(
    settings: Settings, own: Mapping[str, Settings], kelly: float = 0.0, detail: str = ""
) -> dict[str, Any]:
    """Return all choices of a run as plain values, for its card."""
    effective: dict[str, Any] = sections_of(settings)
    if own:
        effective[SYMBOLS] = {name: sections_of(its) for name, its in own.items()}
    if kelly:
        effective[KELLY] = kelly
    if detail:
        effective[DETAIL] = detail
    return effective


def card_of(
    plan: Plan,
    series: Sequence[Series],
    effective: dict[str, Any],
    data_root: str,
    seed: int,
    others: Sequence[tuple[Plan, Assignment]] = (),
) -> RunCard:
    """Return the run card; its id is the hash of everything that can change the result."""
    data = {}
    for one in series:
        its = effective.get(SYMBOLS, {}).get(one.bars.symbol, effective)
        data[one.bars.name] = one.bars.fingerprint()
        data[f"{one.bars.name}/beside"] = beside_hash(one, walks=its["costs"]["slip_book"])
    fields: dict[str, Any] = {
        "strategy": plan.strategy.name,
        "strategy_hash": plan.strategy.hash,
        "params": dict(plan.params),
        "data": data,
        "data_root": data_root,
        "from_ms": min(int(one.bars.ts[0]) for one in series),
        "to_ms": max(int(one.bars.ts[-1]) + one.bars.timeframe.ms for one in series),
        "settings": effective,
        "settings_hash": value_hash(effective),
        "code_version": code_version(),
        "seed": seed,
        "engine": "compiled" if COMPILED else "interpreted",
    }
    identity = {
        name: value for name, value in fields.items() if name not in {"data_root", "engine"}
    }
    beside = tuple(
        CardStrategy(its.strategy.name, its.strategy.hash, dict(its.params), one.symbols, one.kelly)
        for its, one in others
    )
    if beside:
        identity["others"] = [asdict(one) for one in beside]
    return RunCard(run_id=value_hash(identity), **fields, others=beside)


def sections_of(settings: Settings) -> dict[str, Any]:
    """Return the settings that can change a result, as plain values."""
    plain = as_dict(settings)
    data = {name: plain["data"][name] for name in DATA_OF_A_RUN}
    return {**{name: plain[name] for name in SECTIONS_OF_A_RUN}, "data": data}


def beside_hash(one: Series, *, walks: bool) -> str:
    """Return the hash of what a run reads beside the bars: rules, funding, marks, fine bars.

    The depth ladder counts only where the run `walks` it.
    """
    rules = asdict(one.rules)
    return value_hash(
        {
            "rules": {name: _plain(value) for name, value in rules.items()},
            "funding": np.ascontiguousarray(one.funding).tobytes().hex(),
            "depth": np.ascontiguousarray(one.depth).tobytes().hex() if walks else "",
            "mark": one.mark.fingerprint() if one.mark is not None else "",
            "fine": one.fine.fingerprint() if one.fine is not None else "",
        }
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of an instrument
    if isinstance(value, int | float | str | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value)


def quality_notes(series: Sequence[Series], threshold: float) -> list[str]:
    """Name the series that are not fit to be believed (R-DQ-12)."""
    notes = []
    for one in series:
        score, kinds = one.quality or (1.0, ())
        if kinds or score < threshold:
            under = f", under {threshold:g}" if score < threshold else ""
            reasons = f": {', '.join(kinds)}" if kinds else ""
            notes.append(
                f"{one.bars.symbol}: data quality {score:g}{under}{reasons}; "
                "see `ballast data check`"
            )
    return notes


def notes_of(series: Sequence[Series], settings: Settings, run: Run) -> tuple[str, ...]:
    """Say what a reader of the result must know."""
    notes = quality_notes(series, settings.data.quality_threshold)
    acct = run.account
    if acct.killed:
        notes.append(
            f"the kill switch latched at {format_ms(int(acct.killed_ms))}: equity was "
            f"{settings.risk.drawdown_kill:.0%} under its peak; no entry was made after that"
        )
    if not settings.risk.enforce:
        notes.append("the safety gate was off: no entry was refused, no cap was applied")
    guessed = [one.bars.symbol for one in series if one.is_inferred]
    if guessed:
        notes.append(
            f"no stored trading rules for {', '.join(guessed)}: tick inferred from prices, "
            "no minimum sizes; `ballast data rules import` adds them"
        )
    unpaid = [
        one.bars.symbol
        for one in series
        if one.rules.kind is Kind.PERPETUAL and not len(one.funding)
    ]
    if unpaid:
        notes.append(f"no funding rates for {', '.join(unpaid)}: none were paid")
    fees = [one.bars.symbol for one in series if not one.rules.fees]
    if fees:
        notes.append(
            f"no fee schedule for {', '.join(fees)}: maker {settings.costs.maker:.4%}, "
            f"taker {settings.costs.taker:.4%} assumed"
        )
    coarse = [one.bars.symbol for one in series if one.fine is None or not len(one.fine)]
    if settings.engine.intrabar == "detail" and coarse:
        notes.append(
            f"no finer bars of {', '.join(coarse)}: the pessimistic rule decided inside its bars"
        )
    if acct.liquidations:
        notes.append(f"{int(acct.liquidations)} positions were liquidated")
    return tuple(notes)
