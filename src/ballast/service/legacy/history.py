"""History and portfolio: purchases, sales, whole trades, and snapshots of the account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.reasons import Exit, label
from ballast.service.legacy.fields import exact, shown
from ballast.service.legacy.model import Fill, Portfolio, Trade
from ballast.service.legacy.names import MONEY, MONEY_SIGNED, plain_name
from ballast.service.legacy.reading import Bad

if TYPE_CHECKING:
    from ballast.service.legacy.fields import Taker

SIDES = {"buy": True, "long": True, "sell": False}
REASONS = {
    "partial_1": Exit.TAKE_1,
    "partial_2": Exit.TAKE_2,
    "signal": Exit.SIGNAL,
    "stop_loss": Exit.STOP,
    "trailing_stop": Exit.TRAILING_STOP,
    "residual": Exit.RESIDUAL,
}
"""The six exits of the former bot (R-STRAT-09)."""
BALANCE = {"free", "locked", "used", "total"}
"""What a balance may be made of; a total is not added to its parts."""
WORTH_MAX = 10**12
"""In quote currency: a trillion. Half a million of these still fit a column of 38 digits."""
VALUE_SLACK = Decimal("0.01")
"""A stated value may miss price x quantity by a fee or a rounding, not by more than 1 %."""


def fill_of(take: Taker) -> Fill | None:
    """Return a purchase or a sale; None, with problems in `take`, where it is none."""
    base, quote = take.symbol()
    side = take.text("side") or take.text("type")
    if side.lower() not in SIDES:
        take.wrong(take.key("side"), f"side '{side}'", "buy or sell", "correct the file")
    price, qty = _required(take, "price", "a price"), _required(take, "quantity", "a quantity")
    at_ms = take.time("time")
    if not take.has("time"):
        take.missing("time", "when it was traded")
    _worth(take, price, qty, "price")
    value = take.number("value", may_be_zero=True)
    if price and qty and value and abs(value - price * qty) > VALUE_SLACK * price * qty:
        take.wrong(
            take.key("value"), f"{value} is not price x quantity", f"about {price * qty:f}",
            "correct the file",
        )  # fmt: skip
    fee, pnl = take.number("fee", may_be_zero=True), take.number("pnl", low=None)
    take.timeframe()
    take.scenario()
    asset = take.text("fee_asset").upper()
    _fee(take, fee, asset, (base, quote), price, qty)
    if take.problems or price is None or qty is None or at_ms is None:
        return None
    return Fill(
        take.record.source, take.record.where, f"{base}{quote}", quote, base,
        SIDES[side.lower()], price, qty, at_ms, fee, asset,
        reason_of(take.text("reason")), take.text("order_id"), take.text("trade_id"), pnl,
    )  # fmt: skip


def trade_of(take: Taker) -> Trade | None:
    """Return a whole trade; None, with problems in `take`, where it is none."""
    base, quote = take.symbol()
    side = take.text("side")
    if side and side.lower() not in ("long", "buy", "sell"):
        take.wrong(take.key("side"), f"side '{side}'", "long", "the former bot traded spot")
    entry = _required(take, "entry_price", "a price")
    price = _required(take, "exit_price", "a price")
    qty = _required(take, "quantity", "a quantity")
    first, last = take.time("entry_time"), take.time("exit_time")
    for name in ("entry_time", "exit_time"):
        if not take.has(name):
            take.missing(name, "a time")
    if first is not None and last is not None and last < first:
        take.wrong(
            take.key("exit_time"), "is before the entry", "a time after it", "correct the file"
        )
    _worth(take, entry, qty, "entry_price")
    _worth(take, price, qty, "exit_price")
    fees = take.number("fees", may_be_zero=True)
    asset = take.text("fee_asset").upper()
    stated = take.number("pnl", low=None)
    take.number("pnl_percent", low=None)
    take.timeframe()
    take.scenario()
    if take.problems or entry is None or price is None or qty is None:
        return None
    assert first is not None and last is not None  # noqa: S101, PT018 - a problem otherwise
    gross = (price - entry) * qty
    is_ours = asset in ("", quote)
    net = gross - (fees or 0) if is_ours else None
    if stated is not None and abs(stated - gross) > VALUE_SLACK * (entry + price) * qty:
        take.wrong(
            take.key("pnl"), f"{stated} is not what these prices earn", f"about {gross:f}",
            "correct the file",
        )  # fmt: skip
        return None
    return Trade(
        take.record.where, f"{base}{quote}", quote, qty, entry, first, price, last,
        (fees or Decimal(0)) if is_ours else None, net, reason_of(take.text("reason")), 2,
    )  # fmt: skip


def portfolio_of(take: Taker) -> Portfolio:
    """Return a snapshot; what is wrong with it is in `take.problems`."""
    currency = (take.text("currency") or take.record.currency).upper()
    money = {name: take.number(name, may_be_zero=True) for name in MONEY}
    money |= {name: take.number(name, low=None) for name in MONEY_SIGNED}
    stated = {name: value for name, value in money.items() if value is not None}
    peak, equity = stated.get("peak_equity"), stated.get("equity")
    if peak is not None and equity is not None and peak < equity:
        take.wrong(
            take.key("peak_equity"), f"{peak} is below the equity {equity}",
            "the highest equity", "correct the file",
        )  # fmt: skip
    return Portfolio(
        take.record.source, take.record.where, currency, take.time("time"), stated,
        _balances(take),
    )  # fmt: skip


def reason_of(text: str) -> str:
    """Return an exit's reason in our words where it is one of the six, else as it stands."""
    known = REASONS.get(plain_name(text))
    return label(known) if known is not None else text


def _worth(take: Taker, price: Decimal | None, qty: Decimal | None, name: str) -> None:
    """Note a trade that is worth more than there is, so that sums stay within their columns."""
    if price and qty and price * qty > WORTH_MAX:
        take.wrong(
            take.key(name), f"{price:f} for {qty:f} is worth too much", f"at most {WORTH_MAX}",
            "correct the file",
        )  # fmt: skip


def _fee(
    take: Taker,
    fee: Decimal | None,
    asset: str,
    own: tuple[str, str],
    price: Decimal | None,
    qty: Decimal | None,
) -> None:
    """Note a fee that is more than the trade; one in a third asset cannot be held against it."""
    base, quote = own
    if not (fee and price and qty):
        return
    if (asset == base and fee > qty) or (asset in ("", quote) and fee > price * qty):
        take.wrong(
            take.key("fee"), f"{fee:f} is more than the trade", "a part of it",
            "correct the file, or its fee_asset",
        )  # fmt: skip


def _required(take: Taker, name: str, expected: str) -> Decimal | None:
    if not take.has(name):
        take.missing(name, expected)
    return take.number(name)


def _balances(take: Taker) -> dict[str, Decimal]:
    """Return what is held of each asset: a number, or the sum of free and locked."""
    found: dict[str, Decimal] = {}
    key, value = take.key("balances"), take.value("balances")
    if value is None:
        return found
    if not isinstance(value, dict):
        take.wrong(key, f"{shown(value)} is no table", "an asset and its amount", "correct it")
        return found
    for asset, one in value.items():
        table = (
            {plain_name(name): part for name, part in one.items()}
            if isinstance(one, dict)
            else {"free": one}
        )
        parts = [table["total"]] if "total" in table else list(table.values())
        numbers = [None if isinstance(part, Bad) else exact(part) for part in parts]
        known = [number for number in numbers if number is not None and number >= 0]
        if len(known) != len(parts) or not known or table.keys() - BALANCE:
            take.wrong(
                f"{key}.{asset}", f"{_text(one)} is no balance", "an amount, or free and locked",
                "correct the file",
            )  # fmt: skip
        else:
            found[asset.upper()] = sum(known, Decimal(0))
    return found


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return value.what if isinstance(value, Bad) else shown(value)
