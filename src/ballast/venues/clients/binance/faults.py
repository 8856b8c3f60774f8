"""Faults: what Binance's codes mean. What is not listed here as certain is `UNCLEAR` (D7).

Where one code has many texts, the first fragment found in the text decides. Sources: the error
pages of the spot and USD-M documents, and the texts that ccxt knows. -1008 of spot does not say
whether the order was taken, that of USD-M says that it was not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason as R
from ballast.venues.clients.calls import CallError, Fault, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

BANNED_STATUS = 418
SUCCESS = frozenset({0, 200})
"""USD-M says `{"code": 200, "msg": "success"}` where there is nothing else to say."""

UNCLEAR = Fault(Verdict.UNCLEAR)
MISSING = Fault(Verdict.MISSING)
KEY = Fault(Verdict.KEY)
RATE = Fault(Verdict.RATE)
CLOCK = Fault(Verdict.CLOCK)


def refused(reason: R) -> Fault:
    """Return the fault of a definite refusal."""
    return Fault(Verdict.REFUSED, reason)


BAD = refused(R.BAD_REQUEST)
UNSUPPORTED = refused(R.NOT_SUPPORTED)
Texts = tuple[tuple[str, Fault], ...]
FILTERS: Texts = (
    ("PERCENT_PRICE", refused(R.PRICE_PERCENT)),
    ("PRICE_FILTER", refused(R.PRICE_RANGE)),
    ("LOT_SIZE", refused(R.QTY_STEP)),  # MARKET_LOT_SIZE too
    ("NOTIONAL", refused(R.MIN_NOTIONAL)),  # MIN_NOTIONAL too
    ("MAX_NUM_ALGO_ORDERS", refused(R.MAX_CONDITIONAL_ORDERS)),
    ("MAX_NUM", refused(R.MAX_ORDERS)),
    ("MAX_POSITION", refused(R.MAX_POSITION)),
    ("ICEBERG_PARTS", refused(R.ICEBERG_PARTS)),
    ("TRAILING_DELTA", BAD),
    ("Filter failure", BAD),
    ("Market is closed", refused(R.NOT_TRADING)),
    ("not supported for this symbol", UNSUPPORTED),
    ("not support for this symbol", UNSUPPORTED),
    ("Invalid price", refused(R.PRICE_RANGE)),
    ("Invalid quantity", refused(R.QTY_STEP)),
    ("", BAD),
)
NEW_REFUSED: Texts = (
    ("insufficient balance", refused(R.INSUFFICIENT_BALANCE)),
    ("Duplicate order", refused(R.DUPLICATE_CLIENT_ID)),
    ("immediately match", refused(R.WOULD_TRADE)),
    ("trigger immediately", refused(R.WOULD_TRIGGER)),
    ("relationship of the prices", refused(R.WOULD_TRIGGER)),
    ("QTY is zero", refused(R.MIN_NOTIONAL)),
    ("not permitted for this account", UNSUPPORTED),
    ("restricted for this account", UNSUPPORTED),
    ("Rest API trading is not enabled", KEY),
    ("disabled on this account", KEY),
    ("may not place or cancel orders", KEY),
    *FILTERS,
)
NUMBERS: Texts = (
    ("uantity", refused(R.QTY_STEP)),
    ("rice", refused(R.PRICE_RANGE)),
    ("", BAD),
)
COMMON: dict[int, Fault | Texts] = {
    -1000: UNCLEAR,
    -1001: UNCLEAR,
    -1002: KEY,
    -1003: RATE,
    -1004: UNCLEAR,
    -1006: UNCLEAR,
    -1007: UNCLEAR,
    -1008: UNCLEAR,
    -1010: UNCLEAR,
    -1013: FILTERS,
    -1014: UNSUPPORTED,
    -1015: RATE,
    -1016: UNCLEAR,
    -1020: UNSUPPORTED,
    -1021: CLOCK,
    -1022: KEY,
    -1099: KEY,
    **dict.fromkeys(range(-1136, -1099), BAD),
    -1111: NUMBERS,
    -1121: refused(R.UNKNOWN_SYMBOL),
    -1145: BAD,
    -2008: KEY,
    -2011: (("cancel restrictions", refused(R.NO_CHANGE)), ("", MISSING)),
    -2013: MISSING,
    -2014: KEY,
    -2015: KEY,
    -2016: refused(R.NOT_TRADING),
    -2017: KEY,
}
SPOT: dict[int, Fault | Texts] = {
    **COMMON,
    -2010: NEW_REFUSED,
    -2021: UNCLEAR,  # half of a cancel-replace; `spot_pairs` reads which
    -2022: BAD,  # neither half of it
    -2026: MISSING,
    -2035: UNSUPPORTED,
    -2036: BAD,
    -2038: refused(R.NO_CHANGE),
    -2039: BAD,
}
USDM: dict[int, Fault | Texts] = {
    **COMMON,
    -1005: KEY,
    -1008: RATE,
    -1011: KEY,
    -1023: BAD,
    -2010: NEW_REFUSED,
    -2012: UNCLEAR,
    -2018: refused(R.INSUFFICIENT_BALANCE),
    -2019: refused(R.INSUFFICIENT_MARGIN),
    -2020: refused(R.NO_LIQUIDITY),
    -2021: refused(R.WOULD_TRIGGER),
    -2022: refused(R.REDUCE_ONLY),
    -2023: refused(R.INSUFFICIENT_MARGIN),
    -2024: refused(R.NO_POSITION),
    -2025: refused(R.MAX_ORDERS),
    -2026: refused(R.REDUCE_ONLY),
    -2027: refused(R.MAX_POSITION),
    -2028: refused(R.LEVERAGE),
    -4001: refused(R.PRICE_RANGE),
    -4002: refused(R.PRICE_RANGE),
    -4003: refused(R.QTY_TOO_SMALL),
    -4004: refused(R.QTY_TOO_SMALL),
    -4005: refused(R.QTY_TOO_LARGE),
    -4006: refused(R.PRICE_RANGE),
    -4007: refused(R.PRICE_RANGE),
    -4013: refused(R.PRICE_RANGE),
    -4014: refused(R.PRICE_RANGE),
    -4015: BAD,
    -4016: refused(R.PRICE_PERCENT),
    -4023: refused(R.QTY_STEP),
    -4024: refused(R.PRICE_PERCENT),
    -4028: refused(R.LEVERAGE),
    -4045: refused(R.MAX_CONDITIONAL_ORDERS),
    -4046: refused(R.NO_CHANGE),
    -4047: refused(R.OPEN_ORDERS_OR_POSITION),
    -4048: refused(R.OPEN_ORDERS_OR_POSITION),
    -4059: refused(R.NO_CHANGE),
    -4061: refused(R.POSITION_SIDE),
    -4062: refused(R.REDUCE_ONLY),
    -4067: refused(R.OPEN_ORDERS_OR_POSITION),
    -4068: refused(R.OPEN_ORDERS_OR_POSITION),
    -4087: refused(R.NOT_TRADING),
    -4088: KEY,
    -4116: refused(R.DUPLICATE_CLIENT_ID),
    -4117: UNCLEAR,  # the stop is being triggered: what was asked of it comes too late or not
    -4118: refused(R.REDUCE_ONLY),
    -4120: UNSUPPORTED,
    -4131: refused(R.PRICE_PERCENT),
    -4135: BAD,
    -4137: BAD,
    -4138: refused(R.REDUCE_ONLY),
    -4139: UNSUPPORTED,
    -4140: refused(R.NOT_TRADING),
    -4141: refused(R.NOT_TRADING),
    -4144: refused(R.UNKNOWN_SYMBOL),
    -4161: refused(R.LEVERAGE),
    -4164: refused(R.MIN_NOTIONAL),
    -4183: refused(R.PRICE_PERCENT),
    -4184: refused(R.PRICE_PERCENT),
    -4192: refused(R.NOT_TRADING),
    -4202: refused(R.LEVERAGE),
    -4203: refused(R.LEVERAGE),
    -4205: refused(R.LEVERAGE),
    -4206: refused(R.LEVERAGE),
    -4208: refused(R.LEVERAGE),
    -4400: refused(R.NOT_TRADING),
    -4401: refused(R.NOT_TRADING),
    -5021: refused(R.NO_LIQUIDITY),
    -5022: refused(R.WOULD_TRADE),
    -5024: refused(R.NOT_SUPPORTED),
    -5025: refused(R.NOT_SUPPORTED),
    -5026: refused(R.MAX_ORDERS),
    -5027: refused(R.NO_CHANGE),
    -5028: CLOCK,
    -5029: refused(R.MIN_NOTIONAL),
    -5037: BAD,
    -5038: BAD,
    -5039: BAD,
    -5040: refused(R.EXPIRY),
}


def read_spot(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer of spot, None for a success."""
    del body
    return _read(SPOT, status, answer)


def read_usdm(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer of USD-M, None for a success."""
    del body
    return _read(USDM, status, answer)


def error_of(table: Mapping[int, Fault | Texts], code: int, text: str, status: int) -> CallError:
    """Return the error of a code and its text; of a code that is not listed: unclear."""
    known = table.get(code, UNCLEAR)
    if isinstance(known, tuple):
        known = next((fault for part, fault in known if part in text), UNCLEAR)
    verdict = known.verdict
    if verdict is Verdict.RATE and (status == BANNED_STATUS or "banned until" in text):
        verdict = Verdict.BANNED
    return CallError(verdict, text, code=str(code), reason=known.reason)


def _read(table: Mapping[int, Fault | Texts], status: int, answer: Any) -> CallError | None:  # noqa: ANN401
    if not isinstance(answer, dict):
        return None
    code, text = answer.get("code"), answer.get("msg")
    if not isinstance(code, int) or not isinstance(text, str) or code in SUCCESS:
        return None
    return error_of(table, code, text, status)
