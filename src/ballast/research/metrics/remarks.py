"""The sentences a reader must not miss: few trades, annualised weeks, one reason for refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.research.metrics.significance import TRADES_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.research.metrics.model import Summary

DAYS_MIN = 90
"""Annualised figures of less than a quarter are extrapolation."""
WIDE_SHARE = 0.5
"""Above this share of profit before costs, small errors in the cost model decide the result."""
EXPECTED_REFUSALS = {"already_in_position", "last_bar"}


def remarks(found: Summary) -> tuple[str, ...]:
    """Return what must be said about a run in words, the gravest first."""
    return (*_ruin(found), *_evidence(found), *_costs(found), *_refused(found), *_open(found))


def _ruin(found: Summary) -> Iterator[str]:
    if found.account.final <= 0:
        yield "The account was ruined: equity ended at or below zero. The ratios mean nothing."
    if found.costs.liquidations:
        yield (
            f"{_count(found.costs.liquidations, 'position')} liquidated:"
            " the leverage was too high for the stops."
        )


def _evidence(found: Summary) -> Iterator[str]:
    count = found.trades.count
    if count == 0:
        yield "No trade was closed: there is nothing to judge."
    elif count < TRADES_MIN:
        yield (
            f"Only {_count(count, 'closed trade')}: below {TRADES_MIN} no figure about trades is"
            " evidence of anything (R-SIG-10)."
        )
    mean_trade = found.significance.mean_trade
    if mean_trade and count >= TRADES_MIN and mean_trade.low <= 0 <= mean_trade.high:
        yield "The mean trade cannot be told from zero: its 95 % interval contains zero."
    if 0 < found.account.days < DAYS_MIN:
        yield (
            f"The period has {_count(found.account.days, 'day')}:"
            " annualised figures extrapolate it and say little."
        )


def _costs(found: Summary) -> Iterator[str]:
    costs = found.costs
    if costs.gross > 0 and costs.total > costs.gross:
        yield "Costs ate all the profit: before costs the run gained, after them it lost."
    elif costs.share_of_gross is not None and costs.share_of_gross > WIDE_SHARE:
        yield (
            f"Costs took {costs.share_of_gross:.0%} of the profit before costs:"
            " a slightly worse fill turns this run around."
        )
    if costs.total == 0 and found.trades.count:
        yield "No costs at all were charged: no real venue is free."


def _refused(found: Summary) -> Iterator[str]:
    refused = found.refusals
    if refused.dominant is None:
        return
    row = refused.rows[0]
    why = (
        "usual for signals that stay on while a position is open."
        if row.reason in EXPECTED_REFUSALS
        else "one rule decides nearly everything; look at it before anything else."
    )
    name = row.reason.replace("_", " ")
    yield f"{row.share:.1%} of {refused.total:,} refused entries have one reason, {name}: {why}"


def _open(found: Summary) -> Iterator[str]:
    if found.trades.open_count:
        yield (
            f"{_count(found.trades.open_count, 'position')} still open at the end, marked at the"
            " last close and not in the trade figures."
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
