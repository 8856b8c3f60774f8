"""Proof: what certificates and the paper period say of strategies that want real money (R-WF-09).

Every strategy needs a certificate of its own, in force for its symbols and for the whole capital:
the account is one, and any of them may come to use all of it. The paper period is that of the set:
what strategies do to each other's cash and limits shows only where all of them trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.runtime.startup import Finding, Mark
from ballast.service.live.period import Sought, paper_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.core.certificate import Certificate
    from ballast.core.journal import Record
    from ballast.research.assignment import Assignment

    Proved = tuple[Assignment, Certificate | None]


@dataclass(frozen=True, slots=True)
class Stake:
    """What is to be traded: where, on which bars, with how much, from when on."""

    venue: str
    timeframe: str
    capital: float
    now_ms: int
    paper_days: int
    """Days on paper that are asked for."""


def proof(
    proved: Sequence[Proved], stake: Stake, journals: Iterable[Iterable[Record]]
) -> list[Finding]:
    """Return what speaks for and against real money."""
    held = [one for _, one in proved if one is not None]
    if len(held) < len(proved):
        return [Finding("certificate", Mark.BAD, "none", "`ballast certify` makes one")]
    refused = [
        Finding("certificate", Mark.BAD, why, "certify what you want to trade")
        for one in proved
        for why in _refusals(one, stake, is_alone=len(proved) == 1)
    ]
    whole = "this strategy" if len(proved) == 1 else "each strategy"
    good = Finding("certificate", Mark.GOOD, f"in force for {whole}, symbols and capital")
    sought = Sought(
        tuple((one.strategy_hash, one.params) for one in held),
        stake.venue,
        stake.timeframe,
        max(one.to_ms for one in held),
    )
    days = paper_days(journals, sought)
    is_long = days >= stake.paper_days
    paper = Finding(
        "paper",
        Mark.GOOD if is_long else Mark.BAD,
        f"{days} of {stake.paper_days} days after the certificate's last bar",
        "" if is_long else "`ballast paper --live` under this certificate",
    )
    return [*(refused or [good]), paper]


def _refusals(proved: Proved, stake: Stake, *, is_alone: bool) -> list[str]:
    """Return why a certificate does not cover the symbols of its strategy, one line a symbol."""
    one, held = proved
    if held is None:
        return []
    before = "" if is_alone else f"{one.strategy.name}: "
    limits = held.limits
    if limits.venue != stake.venue or limits.timeframe != stake.timeframe:
        return [f"{before}of {limits.venue} {limits.timeframe}"]
    found = [
        held.refusal(
            strategy_hash=one.strategy.hash,
            params=one.params,
            symbol=symbol,
            capital=stake.capital,
            now_ms=stake.now_ms,
        )
        for symbol in one.symbols
    ]
    return [f"{before}{why}" for why in found if why]
