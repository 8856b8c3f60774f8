"""Codes: what each `retCode` of Bybit means, and what it means where there is none.

Almost all refusals are an HTTP 200 whose `retCode` is not 0. Source: the venue's page "Error Codes"
(v5) and ccxt's table. What is on no list, or says that the venue itself does not know (time-outs,
restarts, "processing"), is UNCLEAR: the order is looked for. 10001 is said of everything that is
wrong with a request, so its text tells more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason as Why
from ballast.venues.clients.calls import CallError, Fault, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

PARAMETERS = "10001"
FORBIDDEN = 403
FIRST_ERROR = 400
BAN_S = 600.0
"""After too many requests of an address the venue asks for ten minutes of silence."""
PATH_S = 1.0
"""Limits of an account are counted by the second."""
ADDRESS_S = 5.0
"""Limits of an address are counted over five seconds."""
OVERLOADED_S = 1.0

_REFUSED: dict[Why, tuple[int, ...]] = {
    Why.UNKNOWN_SYMBOL: (10029, 110037, 170121),
    Why.DUPLICATE_CLIENT_ID: (110030, 110072, 170141, 12141),
    Why.NOT_TRADING: (
        110023, 110042, 110063, 110066, 170031, 170151, 170157, 170159, 170201, 170209, 170224,
        170241,
    ),
    Why.NOT_SUPPORTED: (10404, 100028, 110059, 110060, 110067, 110070, 170037, 170145, 170227),
    Why.PRICE_RANGE: (110003, 170132, 170133, 170134, 170371, 170372),
    Why.PRICE_PERCENT: (170192, 170193, 170194, 170195, 170196, 170204, 170206),
    Why.QTY_TOO_SMALL: (170136,),
    Why.QTY_TOO_LARGE: (170135, 170197, 170198, 170199, 170200, 170228, 170229),
    Why.QTY_STEP: (170137, 170148),
    Why.MIN_NOTIONAL: (110094, 170140),
    Why.MAX_NOTIONAL: (170124,),
    Why.MAX_ORDERS: (110020, 170810, 170005),
    Why.MAX_CONDITIONAL_ORDERS: (110009, 110061, 170811),
    Why.MAX_POSITION: (110016, 110021, 110022, 110040, 110090),
    Why.WOULD_TRADE: (170217, 170218),
    Why.WOULD_TRIGGER: (110092, 110093),
    Why.INSUFFICIENT_BALANCE: (170033, 170034, 170131, 170223, 170226),
    Why.INSUFFICIENT_MARGIN: (
        110004, 110006, 110007, 110011, 110012, 110014, 110039, 110044, 110045, 110046, 110047,
        110051, 110052, 110053,
    ),
    Why.REDUCE_ONLY: (110017, 110058),
    Why.NO_POSITION: (110033, 110034),
    Why.OPEN_ORDERS_OR_POSITION: (110024, 110028, 3400045),
    Why.NO_CHANGE: (110025, 110026, 110027, 110043, 34026, 34036, 34040),
    Why.LEVERAGE: (110013,),
    Why.BAD_REQUEST: (
        10017, 110018, 110032, 110057, 110064, 170105, 170115, 170116, 170117, 170130, 170202,
        170203, 170210,
    ),
}  # fmt: skip
_OTHERS: dict[Verdict, tuple[int, ...]] = {
    # An order that is finished is as little found as one that never was: asked for, it says which.
    Verdict.MISSING: (
        110001, 110008, 110010, 110019, 170139, 170142, 170143, 170190, 170213, 20001,
    ),
    Verdict.CLOCK: (10002, -1),
    Verdict.KEY: (
        10003, 10004, 10005, 10007, 10008, 10010, 10020, 10024, 10027, 10028, 33004, -2015, 110065,
        110068, 110069,
    ),
    Verdict.RATE: (10006, 10018, 170222),
    Verdict.BANNED: (10009,),
    # Known to leave open what became of the request. All that is on no list is taken alike.
    Verdict.UNCLEAR: (
        429, 5004, 10000, 10014, 10016, 10019, 10429, 110079, 170001, 170007, 170032, 170035,
        170144, 170146, 170147, 170149, 170150, 170191, 170234,
    ),
}  # fmt: skip
FAULTS: dict[str, Fault] = {
    **{str(code): Fault(Verdict.REFUSED, why) for why, codes in _REFUSED.items() for code in codes},
    **{str(code): Fault(verdict) for verdict, codes in _OTHERS.items() for code in codes},
}
"""Every code that is known, as text."""
WAITS_S = {"10006": PATH_S, "170222": PATH_S, "10018": ADDRESS_S, "10009": BAN_S,
           "429": OVERLOADED_S, "10429": OVERLOADED_S}  # fmt: skip
_TEXTS: tuple[tuple[str, Why], ...] = (
    ("symbol", Why.UNKNOWN_SYMBOL),
    ("minimum limit", Why.QTY_TOO_SMALL),
    ("maximum limit", Why.QTY_TOO_LARGE),
    ("qty", Why.QTY_STEP),
    ("remains unchanged", Why.NO_CHANGE),
    ("not modified", Why.NO_CHANGE),
    ("position idx", Why.POSITION_SIDE),
    ("zero position", Why.NO_POSITION),
    ("price invalid", Why.PRICE_RANGE),
    ("price is invalid", Why.PRICE_RANGE),
    ("tp/sl", Why.WOULD_TRIGGER),
    ("base_price", Why.WOULD_TRIGGER),
)
"""What 10001 says of what is wrong, the first that fits, in lower case."""


def read_fault(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer; None for a success, and where only HTTP speaks."""
    if status == FORBIDDEN and "frequent" in body.lower():
        return CallError(
            Verdict.BANNED, "403, access too frequent", code="403", retry_after_s=BAN_S
        )
    if not isinstance(answer, dict) or "retCode" not in answer:
        if status >= FIRST_ERROR or answer is None:
            return None
        return CallError(Verdict.UNCLEAR, f"an answer without a code: {body[:160]}")
    code, text = str(answer["retCode"]), str(answer.get("retMsg") or "")
    if code == "0":
        return (
            None if status < FIRST_ERROR else CallError(Verdict.UNCLEAR, f"HTTP {status}: {text}")
        )
    fault = FAULTS.get(code) or Fault(Verdict.UNCLEAR)
    if code == PARAMETERS:
        fault = Fault(Verdict.REFUSED, _first(text.lower(), _TEXTS))
    return CallError(
        fault.verdict, text, code=code, reason=fault.reason, retry_after_s=WAITS_S.get(code)
    )


def _first(text: str, known: Iterable[tuple[str, Why]]) -> Why:
    return next((why for part, why in known if part in text), Why.BAD_REQUEST)
