"""Parameters: a best-parameter record as a strategy of this workspace (R-STRAT-12).

The scenario names a strategy of the library; its numbers get the record's as defaults, in the
library's ranges. How much was bought is not taken over where it could ruin: `baseline` put 95 % of
the capital into a position and risked 5 % of it, so it becomes the run's own rule, and a risk above
the bound of 2 % the default of 1 % (R-SIZE-02, R-SIZE-05). Each such change is a remark.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError
from ballast.core.records import Size
from ballast.service.legacy.fields import exact, shown
from ballast.service.legacy.model import Parameters
from ballast.service.legacy.names import CLAIMS, SETTINGS
from ballast.strategies import catalog
from ballast.strategies.construction import SIZE_VALUES, Sizing
from ballast.strategies.nodes import Number
from ballast.strategies.plan import compile_plan

if TYPE_CHECKING:
    from ballast.service.legacy.fields import Taker
    from ballast.strategies.definition import Strategy

EXTRA = (*CLAIMS, *SETTINGS)
PREFIX = "legacy"
RISK_MAX = Decimal("0.02")
"""R-SIZE-05: no configuration may pass it."""
FRACTION_MAX = Decimal("0.5")
"""R-SIZE-11: the largest position, as a part of equity."""
TARGET_MAX = Decimal("0.05")
"""Largest daily swing that `sizing.volatility_target` allows."""
MODES: dict[str, tuple[Size, str, Decimal] | None] = {
    "baseline": None,
    "all_in": None,
    "risk": (Size.RISK, "risk_per_trade", RISK_MAX),
    "fixed_notional": (Size.FIXED_NOTIONAL, "fixed_notional", FRACTION_MAX),
    "volatility_parity": (Size.VOLATILITY_TARGET, "volatility_target", TARGET_MAX),
}
"""Sizing modes of the former bot (R-SIZE-01): what each is here, its number, that number's bound;
None: never taken over."""
SAFE = "the run's own rule instead: sizing.mode, risk of 1 % of equity"


def parameters_of(take: Taker) -> Parameters | None:
    """Return a record as a strategy; None, with problems in `take`, where none can be made."""
    base, quote = take.symbol()
    timeframe = take.timeframe() or take.asked.timeframe
    if not timeframe:
        take.wrong("timeframe", "is missing", "1h", "complete the document, or say --timeframe 1h")
    based_on = take.scenario() or ("" if take.problems else "stochrsi")
    remarks: list[str] = []
    if based_on and not (take.has("scenario") or take.record.scenario):
        remarks.append("no scenario is stated: StochRSI, the base filter alone")
    if not based_on:
        return None
    template = catalog.load(based_on)
    taken = _taken(take, template)
    size = _size(take, remarks)
    _settings(take, remarks)
    claims = {name: str(take.rest[name]) for name in CLAIMS if name in take.rest}
    if take.problems:
        return None
    name = f"{PREFIX}_{base}{quote}_{timeframe}".lower()
    strategy = _made(take, template, name, taken, size)
    if strategy is None:
        return None
    return Parameters(
        take.record.source, take.record.where, f"{base}{quote}", timeframe, strategy, based_on,
        taken, claims, tuple(remarks),
    )  # fmt: skip


def _taken(take: Taker, template: Strategy) -> dict[str, Decimal]:
    """Return the record's numbers for parameters of the strategy; note those out of range."""
    found: dict[str, Decimal] = {}
    every = {name for one in ("", "_sma", "_adx", "_trix")
             for name in catalog.load(f"stochrsi{one}").params}  # fmt: skip
    for name in sorted(every):
        if not take.has(name):
            continue
        value = take.number(name, low=None)
        if value is None or name not in template.params:
            continue  # of another scenario: the former bot kept one record for all four
        try:
            template.params[name].check(name, float(value))
        except StrategyError as error:
            take.wrong(
                take.key(name), f"{value}", error.expected,
                "correct it, or --ignore it to take the default",
            )  # fmt: skip
        else:
            found[name] = value
    if "trail_atr" in found:
        found.setdefault("trail_activation", found["trail_atr"])
    return found


def _size(take: Taker, remarks: list[str]) -> Sizing | None:
    """Return how much is bought; None: the run's own rule. What is not taken over is remarked."""
    mode = take.text("sizing_mode").lower().replace("-", "_")
    for name in ("risk_per_trade", "fixed_notional", "volatility_target", "capital_fraction"):
        take.number(name)  # checked even where the mode makes nothing of it
    if mode and mode not in MODES:
        take.wrong(
            take.key("sizing_mode"), f"unknown sizing mode '{mode}'", f"one of {', '.join(MODES)}",
            "correct it, or --ignore it to take the default",
        )  # fmt: skip
        return None
    if not mode and take.has("risk_per_trade"):
        mode = "risk"
    if take.has("capital_fraction"):
        remarks.append(f"capital_fraction {take.text('capital_fraction')} is not taken over")
    chosen = MODES[mode] if mode else None
    if chosen is None:
        if mode:
            remarks.append(f"sizing '{mode}' is not taken over, it can ruin; {SAFE}")
            if take.has("risk_per_trade"):
                remarks.append(f"risk_per_trade {take.text('risk_per_trade')} is not either")
        return None
    size, name, most = chosen
    value = take.number(name)
    if value is None:
        value = Decimal(str(SIZE_VALUES[size]))
    elif value > most:
        safe = Decimal(str(SIZE_VALUES[size]))
        remarks.append(f"{name} {value} is above the bound of {most}: {safe} instead")
        value = safe
    return Sizing(size, Number(float(value)))


def _settings(take: Taker, remarks: list[str]) -> None:
    """Remark what is a setting of the workspace here, and none of a strategy."""
    for name, setting in SETTINGS.items():
        if name not in take.rest:
            continue
        value = exact(take.rest[name])
        if value is None or value < 0:
            take.wrong(
                name, f"{shown(take.rest[name])} is no such number", "a number from 0 on",
                "correct the file",
            )  # fmt: skip
        elif setting:
            remarks.append(f"{name} {value} is the setting {setting} here and is not changed")
        else:
            remarks.append(f"{name} {value} is a rule of the venue here: `ballast data rules`")


def _made(
    take: Taker, template: Strategy, name: str, taken: dict[str, Decimal], size: Sizing | None
) -> Strategy | None:
    params = {
        key: replace(one, default=float(taken[key])) if key in taken else one
        for key, one in template.params.items()
    }
    trade = template.construction if size is None else replace(template.construction, size=size)
    try:
        made = replace(
            template, name=name, tag=name, params=params, construction=trade,
            doc=f"Imported from {take.record.where}: parameters of the former bot, unproved.",
        )  # fmt: skip
        compile_plan(made, {})
    except StrategyError as error:
        take.wrong("", error.what, error.expected, error.fix or "correct the file")
        return None
    return made
