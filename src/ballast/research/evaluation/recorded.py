"""Recorded runs: the whole backtest of one span, as every report reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.kernel.run import simulate
from ballast.research.assembly import assemble
from ballast.research.evaluation.lane import spec_of
from ballast.research.result import Result
from ballast.research.run import (
    card_of,
    effective_settings,
    legs_of,
    notes_of,
    own_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.settings import Settings
    from ballast.kernel.market import Market, Run
    from ballast.research.evaluation.evaluator import Evaluator
    from ballast.research.evaluation.span import Span

SEEN = "seen"
"""Beside the sections in a card's settings: hashes of the bars that the indicators have seen."""
BAR_FIELDS = {
    "fills": ("bar",),
    "trades": ("decided_bar", "entry_bar", "exit_bar"),
    "refused": ("bar",),
    "sized": ("bar",),
}


def run_of_span(
    judge: Evaluator,
    params: Mapping[str, float],
    span: Span,
    settings: Settings,
    cash: float | None,
) -> Result:
    """Run one combination over one span with everything recorded."""
    legs = legs_of(
        judge.strategy,
        judge.group,
        params,
        settings,
        symbol_settings=judge.symbol_settings,
        kelly=judge.kelly,
    )
    whole = assemble(legs, cache=judge.cache)
    market = replace(whole, spec=spec_of(whole, judge.group, span))
    run = simulate(market, settings.engine.initial_cash if cash is None else cash)
    rows = [span.rows(one.bars) for one in judge.group]
    cut = tuple(
        replace(one, bars=one.bars.slice(*part))
        for one, part in zip(judge.group, rows, strict=True)
    )
    renumber(run, market, [len(one.bars) for one in cut])
    own = own_settings(judge.group, settings, judge.symbol_settings)
    effective = effective_settings(settings, own, judge.kelly)
    if any(first for first, _ in rows):
        parts = zip(judge.group, rows, strict=True)
        effective[SEEN] = {
            one.bars.name: one.bars.slice(0, last).fingerprint() for one, (_, last) in parts
        }
    if cash is not None:
        effective["engine"] = {**effective["engine"], "initial_cash": cash}
    traded = tuple(one for one in cut if len(one.bars))
    plan = legs[0].plan
    return Result(
        card=card_of(plan, traded, effective, "", settings.engine.seed),
        bars=tuple(one.bars for one in cut),
        instruments=tuple(one.rules for one in cut),
        run=run,
        warmup_bars=max(
            max(leg.plan.warmup - first, 0) for leg, (first, _) in zip(legs, rows, strict=True)
        ),
        tags=tuple(plan.strategy.tag or plan.strategy.name for _ in cut),
        notes=notes_of(traded, settings, run),
    )


def renumber(run: Run, market: Market, lengths: Sequence[int]) -> None:
    """Count the bars of the records from the first bar of the span of the first symbol."""
    spec: Any = market.spec
    shift = np.concatenate(([0], np.cumsum(lengths)))[:-1] - spec["first"]
    for name, fields in BAR_FIELDS.items():
        rows: Any = getattr(run, name)
        for field in fields:
            rows[field] += shift[rows["symbol"]]
