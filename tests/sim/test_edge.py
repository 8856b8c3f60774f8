"""An entry must pay for itself: the certified edge against the costs of the moment (R-GATE-27)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.instrument import Kind
from ballast.research.synthetic import synthetic_market
from ballast.strategies.catalog import load
from tests.fakes.parity import Parity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.runtime.node.desk import NodeRules

SPREAD = 2.5e-4
"""More than two ticks of 0.01 are of any price of these bars."""


class Proved(Parity):
    """A node whose strategy was proved to earn so much a trade, net of its costs."""

    mean_return: float | None = None

    def rules(self, digits: Mapping[str, int] | None = None) -> NodeRules:
        rules = super().rules(digits)
        (held,) = rules.permissions
        return replace(rules, permissions=(replace(held, mean_return=self.mean_return),))


def fills_and_reasons(mean_return: float | None) -> tuple[int, set[str]]:
    bars = synthetic_market(5, ("BTCUSDT",), "1h", 300).bars
    one = Proved(load("random_entry"), bars, kind=Kind.PERPETUAL, tick=Decimal("0.01"))
    one.mean_return = mean_return
    fills, _ = one.node()
    told = {reason.split(":")[0] for each in one.judged for reason in each.reasons}
    return len(fills), told


def test_an_edge_that_the_spread_of_the_moment_eats_is_not_traded() -> None:
    """An edge of nothing after the proof's costs does not pay a spread that the proof had not."""
    plain, reasons = fills_and_reasons(None)
    assert plain > 0
    assert "cost" not in reasons
    none, reasons = fills_and_reasons(0.0)
    assert none == 0
    assert "cost" in reasons
    kept, reasons = fills_and_reasons(SPREAD)
    assert kept == plain
    assert "cost" not in reasons
