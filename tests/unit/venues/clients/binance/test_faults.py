"""Every code of Binance that is known, row by row: what happened, and why not (R-EXCH-18, D7)."""

from __future__ import annotations

import pytest

from ballast.core.orders import RejectReason as R
from ballast.venues.clients.binance.faults import SPOT, USDM, read_spot, read_usdm
from ballast.venues.clients.calls import Verdict

V = Verdict

BOTH = [
    (-1000, "An unknown error occurred while processing the request.", V.UNCLEAR, None),
    (-1001, "Internal error; unable to process your request.", V.UNCLEAR, None),
    (-1002, "You are not authorized to execute this request.", V.KEY, None),
    (-1003, "Too many requests queued.", V.RATE, None),
    (-1004, "Server is busy, please wait and try again", V.UNCLEAR, None),
    (-1006, "An unexpected response was received. Execution status unknown.", V.UNCLEAR, None),
    (-1007, "Timeout waiting for response from backend server.", V.UNCLEAR, None),
    (-1010, "ERROR_MSG_RECEIVED", V.UNCLEAR, None),
    (-1013, "Filter failure: PRICE_FILTER", V.REFUSED, R.PRICE_RANGE),
    (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", V.REFUSED, R.PRICE_PERCENT),
    (-1013, "Filter failure: LOT_SIZE", V.REFUSED, R.QTY_STEP),
    (-1013, "Filter failure: MARKET_LOT_SIZE", V.REFUSED, R.QTY_STEP),
    (-1013, "Filter failure: NOTIONAL", V.REFUSED, R.MIN_NOTIONAL),
    (-1013, "Filter failure: MIN_NOTIONAL", V.REFUSED, R.MIN_NOTIONAL),
    (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS", V.REFUSED, R.MAX_CONDITIONAL_ORDERS),
    (-1013, "Filter failure: MAX_NUM_ORDERS", V.REFUSED, R.MAX_ORDERS),
    (-1013, "Filter failure: EXCHANGE_MAX_NUM_ORDERS", V.REFUSED, R.MAX_ORDERS),
    (-1013, "Filter failure: MAX_POSITION", V.REFUSED, R.MAX_POSITION),
    (-1013, "Filter failure: ICEBERG_PARTS", V.REFUSED, R.ICEBERG_PARTS),
    (-1013, "Filter failure: SOMETHING_NEW", V.REFUSED, R.BAD_REQUEST),
    (-1013, "Market is closed.", V.REFUSED, R.NOT_TRADING),
    (-1013, "Stop loss orders are not supported for this symbol.", V.REFUSED, R.NOT_SUPPORTED),
    (-1014, "Unsupported order combination.", V.REFUSED, R.NOT_SUPPORTED),
    (-1015, "Too many new orders.", V.RATE, None),
    (-1016, "This service is no longer available.", V.UNCLEAR, None),
    (-1020, "This operation is not supported.", V.REFUSED, R.NOT_SUPPORTED),
    (-1021, "Timestamp for this request is outside of the recvWindow.", V.CLOCK, None),
    (-1022, "Signature for this request is not valid.", V.KEY, None),
    (-1099, "Not found, authenticated, or authorized", V.KEY, None),
    (-1100, "Illegal characters found in a parameter.", V.REFUSED, R.BAD_REQUEST),
    (-1104, "Not all sent parameters were read.", V.REFUSED, R.BAD_REQUEST),
    (-1111, "Parameter 'quantity' has too much precision.", V.REFUSED, R.QTY_STEP),
    (-1111, "Parameter 'price' has too much precision.", V.REFUSED, R.PRICE_RANGE),
    (-1111, "Precision is over the maximum defined for this asset.", V.REFUSED, R.BAD_REQUEST),
    (-1121, "Invalid symbol.", V.REFUSED, R.UNKNOWN_SYMBOL),
    (-1136, "Invalid newOrderRespType", V.REFUSED, R.BAD_REQUEST),
    (-2010, "Account has insufficient balance for requested action.", V.REFUSED,
     R.INSUFFICIENT_BALANCE),
    (-2010, "Duplicate order sent.", V.REFUSED, R.DUPLICATE_CLIENT_ID),
    (-2010, "Order would immediately match and take.", V.REFUSED, R.WOULD_TRADE),
    (-2010, "Stop price would trigger immediately.", V.REFUSED, R.WOULD_TRIGGER),
    (-2010, "Order would trigger immediately.", V.REFUSED, R.WOULD_TRIGGER),
    (-2010, "Market is closed.", V.REFUSED, R.NOT_TRADING),
    (-2010, "Price * QTY is zero or less.", V.REFUSED, R.MIN_NOTIONAL),
    (-2010, "This symbol is not permitted for this account.", V.REFUSED, R.NOT_SUPPORTED),
    (-2010, "This action is disabled on this account.", V.KEY, None),
    (-2010, "Filter failure: LOT_SIZE", V.REFUSED, R.QTY_STEP),
    (-2010, "Something new.", V.REFUSED, R.BAD_REQUEST),
    (-2011, "Unknown order sent.", V.MISSING, None),
    (-2011, "Order was not canceled due to cancel restrictions.", V.REFUSED, R.NO_CHANGE),
    (-2013, "Order does not exist.", V.MISSING, None),
    (-2014, "API-key format invalid.", V.KEY, None),
    (-2015, "Invalid API-key, IP, or permissions for action.", V.KEY, None),
    (-2016, "No trading window could be found for the symbol.", V.REFUSED, R.NOT_TRADING),
    (-987654, "A code of next year.", V.UNCLEAR, None),
]  # fmt: skip
SPOT_ONLY = [
    (-1008, "Server is currently overloaded with other requests.", V.UNCLEAR, None),
    (-2021, "Order cancel-replace partially failed.", V.UNCLEAR, None),
    (-2022, "Order cancel-replace failed.", V.REFUSED, R.BAD_REQUEST),
    (-2026, "Order was archived.", V.MISSING, None),
    (-2035, "Order amend is not supported for this symbol.", V.REFUSED, R.NOT_SUPPORTED),
    (-2036, "Order amend (quantity) is too much.", V.REFUSED, R.BAD_REQUEST),
    (-2038, "The requested quantity does not decrease the order.", V.REFUSED, R.NO_CHANGE),
    (-2039, "Wrong client order id.", V.REFUSED, R.BAD_REQUEST),
]
USDM_ONLY = [
    (-1005, "No such IP has been white listed", V.KEY, None),
    (-1008, "Request throttled by system-level protection.", V.RATE, None),
    (-1011, "This IP cannot access this route.", V.KEY, None),
    (-1023, "Start time is greater than end time.", V.REFUSED, R.BAD_REQUEST),
    (-2012, "CANCEL_ALL_FAIL", V.UNCLEAR, None),
    (-2018, "Balance is insufficient", V.REFUSED, R.INSUFFICIENT_BALANCE),
    (-2019, "Margin is insufficient.", V.REFUSED, R.INSUFFICIENT_MARGIN),
    (-2020, "Unable to fill.", V.REFUSED, R.NO_LIQUIDITY),
    (-2021, "Order would immediately trigger.", V.REFUSED, R.WOULD_TRIGGER),
    (-2022, "ReduceOnly Order is rejected.", V.REFUSED, R.REDUCE_ONLY),
    (-2023, "User in liquidation mode now.", V.REFUSED, R.INSUFFICIENT_MARGIN),
    (-2024, "Position is not sufficient.", V.REFUSED, R.NO_POSITION),
    (-2025, "Reach max open order limit.", V.REFUSED, R.MAX_ORDERS),
    (-2026, "This OrderType is not supported when reduceOnly.", V.REFUSED, R.REDUCE_ONLY),
    (-2027, "Exceeded the maximum allowable position.", V.REFUSED, R.MAX_POSITION),
    (-2028, "Leverage is smaller than permitted.", V.REFUSED, R.LEVERAGE),
    (-4014, "Price not increased by tick size.", V.REFUSED, R.PRICE_RANGE),
    (-4016, "Price is higher than mark price multiplier cap.", V.REFUSED, R.PRICE_PERCENT),
    (-4023, "Qty not increased by step size.", V.REFUSED, R.QTY_STEP),
    (-4028, "Leverage is not valid", V.REFUSED, R.LEVERAGE),
    (-4045, "Reach max stop order limit.", V.REFUSED, R.MAX_CONDITIONAL_ORDERS),
    (-4046, "No need to change margin type.", V.REFUSED, R.NO_CHANGE),
    (-4048, "Margin type cannot be changed.", V.REFUSED, R.OPEN_ORDERS_OR_POSITION),
    (-4059, "No need to change position side.", V.REFUSED, R.NO_CHANGE),
    (-4061, "Order's position side does not match.", V.REFUSED, R.POSITION_SIDE),
    (-4088, "User can not place order currently", V.KEY, None),
    (-4116, "ClientOrderId is duplicated.", V.REFUSED, R.DUPLICATE_CLIENT_ID),
    (-4117, "Stop order is in triggering process.", V.UNCLEAR, None),
    (-4118, "ReduceOnly Order Failed.", V.REFUSED, R.REDUCE_ONLY),
    (-4120, "Order type not supported for this endpoint.", V.REFUSED, R.NOT_SUPPORTED),
    (-4131, "The counterparty's best price does not fit.", V.REFUSED, R.PRICE_PERCENT),
    (-4140, "Invalid symbol status for opening position.", V.REFUSED, R.NOT_TRADING),
    (-4141, "Symbol is closed.", V.REFUSED, R.NOT_TRADING),
    (-4164, "Order's notional must be no smaller than 20.", V.REFUSED, R.MIN_NOTIONAL),
    (-4192, "Trade forbidden due to Cooling-off Period.", V.REFUSED, R.NOT_TRADING),
    (-4400, "Futures Trading Quantitative Rules violated.", V.REFUSED, R.NOT_TRADING),
    (-5021, "The FOK order has been rejected.", V.REFUSED, R.NO_LIQUIDITY),
    (-5022, "The Post Only order will be rejected.", V.REFUSED, R.WOULD_TRADE),
    (-5027, "No need to modify the order.", V.REFUSED, R.NO_CHANGE),
    (-5028, "Timestamp is outside of the ME recvWindow.", V.CLOCK, None),
]
FOR_SPOT = [case for case in BOTH if case[0] != -2026] + SPOT_ONLY


@pytest.mark.parametrize(("code", "text", "verdict", "reason"), FOR_SPOT)
def test_a_code_of_spot(code: int, text: str, verdict: V, reason: R | None) -> None:
    found = read_spot(400, {"code": code, "msg": text}, "")
    assert found is not None
    assert (found.verdict, found.reason, found.code) == (verdict, reason, str(code))


@pytest.mark.parametrize(("code", "text", "verdict", "reason"), BOTH + USDM_ONLY)
def test_a_code_of_usdm(code: int, text: str, verdict: V, reason: R | None) -> None:
    found = read_usdm(400, {"code": code, "msg": text}, "")
    assert found is not None
    assert (found.verdict, found.reason, found.code) == (verdict, reason, str(code))


def test_a_ban_is_told_from_too_many_requests() -> None:
    text = "Way too much request weight used; IP banned until 1659146400000."
    for status in (418, 429):
        found = read_spot(status, {"code": -1003, "msg": text}, "")
        assert found is not None
        assert found.verdict is V.BANNED
    found = read_usdm(418, {"code": -1003, "msg": "Too many requests."}, "")
    assert found is not None
    assert found.verdict is V.BANNED


@pytest.mark.parametrize(
    "answer",
    [
        {"orderId": 1}, [], [{"code": -1}], {}, None, {"code": 200, "msg": "success"},
        {"code": 0, "msg": "ok"}, {"code": "-1021", "msg": "text"},
    ],
)  # fmt: skip
def test_what_names_no_code_is_judged_by_its_status_or_its_shape(answer: object) -> None:
    assert read_spot(200, answer, "") is None
    assert read_usdm(200, answer, "") is None


def test_only_a_refusal_has_a_reason() -> None:
    for table in (SPOT, USDM):
        for known in table.values():
            for fault in [known] if not isinstance(known, tuple) else [one for _, one in known]:
                assert (fault.reason is not None) is (fault.verdict is V.REFUSED), fault
