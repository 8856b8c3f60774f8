"""Ledger: the deposits and withdrawals of an account; of its trades this page tells nothing.

A question that means trades too is refused rather than half answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.kraken import names
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, seconds
from ballast.venues.simulated.fronts.kraken.errors import wrong
from ballast.venues.simulated.fronts.numbers import plain_decimal

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.kraken.call import Call
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.fronts.kraken.memory import Moved

PAGE = 50
TIME_MAX_NS = 2**62
WITH_TRADES = ("all", "trade")
KINDS = (
    *WITH_TRADES, "deposit", "withdrawal", "transfer", "margin", "adjustment", "rollover",
    "credit", "settled", "staking", "dividend", "sale", "nft_rebate",
)  # fmt: skip
MOVES_FROM = 1 << 60
"""Entries of trades have the numbers of the trades; those of deposits are apart."""


def ids_of(moved: Moved) -> tuple[str, str]:
    """Return the id of an entry, and that of what it was made for."""
    number = MOVES_FROM + moved.number
    return names.txid(names.LEDGER, number), names.txid("Q", number)


def kind_of(atoms: int) -> str:
    """Return what an amount that came, or, negative, left is called."""
    return "deposit" if atoms > 0 else "withdrawal"


def ledgers(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Ledgers: fifty at a time, the last ones first."""
    kind = call.choice("type", KINDS, WITH_TRADES[0])
    asset = call.given.optional("asset")
    begin_ns, end_ns = _bound(front, call, "start", 0), _bound(front, call, "end", TIME_MAX_NS)
    offset, plain = call.whole("ofs", 0), call.flag("without_count")
    call.choice("aclass", ("currency",), "currency")
    call.given.finish()
    if kind in WITH_TRADES:
        raise wrong("type")
    wanted = None if asset in {None, "all"} else frozenset(str(asset).split(","))
    found = [
        one
        for one in reversed(front.memory.moved)
        if one.account == call.account
        and kind == kind_of(one.atoms)
        and begin_ns < one.at_ns <= end_ns
        and (wanted is None or wanted & _names(one.asset))
    ]
    rows = {ids_of(one)[0]: _row(front, one) for one in found[offset : offset + PAGE]}
    return {"ledger": rows} if plain else {"ledger": rows, "count": len(found)}


def _names(asset: str) -> frozenset[str]:
    return frozenset({names.code_of(asset), names.altname_of(asset)})


def _row(front: KrakenFront, one: Moved) -> dict[str, Any]:
    money = front.words.money
    return {
        "refid": ids_of(one)[1],
        "time": seconds(one.at_ns),
        "type": kind_of(one.atoms),
        "subtype": "",
        "aclass": "currency",
        "asset": names.code_of(one.asset),
        "amount": money(one.asset, one.atoms),
        "fee": money(one.asset, 0),
        "balance": money(one.asset, one.balance_atoms),
    }


def _bound(front: KrakenFront, call: Call, name: str, default: int) -> int:
    """Read a bound of time: seconds, or the id of an entry, whose time is meant."""
    text = call.given.optional(name)
    if text is None:
        return default
    value = plain_decimal(text)
    if value is not None:
        return int(value * SECOND_NS)
    for one in front.memory.moved:
        if (one.account, ids_of(one)[0]) == (call.account, text):
            return one.at_ns
    raise wrong(name)
