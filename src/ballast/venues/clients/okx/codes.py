"""Codes: what each code of OKX means, and where in an answer it stands.

What is wrong with a request is the answer's `code`. What is wrong with an order is the `sCode` of
its item, whatever the answer's code is: a conditional order is refused under the code 0 too. A code
may carry a sub-code (`51008_1000`). Source: the venue's pages "Error Code" (REST: Public, Account)
and ccxt's table. What is on no list, or says that the venue itself does not know, is UNCLEAR: the
order is looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason as Why
from ballast.venues.clients.calls import CallError, Fault, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

DONE = "0"
ITEMS = frozenset({"1", "2"})
"""Codes that only say that an item was refused; which and why stands beside the item."""
EDGE_LIMIT = 403
"""The venue's edge answers so, without a code, to an address that asks too much."""
EDGE_S = 60.0
FIRST_ERROR = 400

_REFUSED: dict[Why, tuple[int, ...]] = {
    Why.UNKNOWN_SYMBOL: (51001, 51002, 51012, 51015, 51026, 51087),
    Why.DUPLICATE_CLIENT_ID: (50071, 51011, 51016, 51065, 51068),
    Why.NOT_TRADING: (
        50017, 50018, 50019, 50020, 50021, 50022, 50023, 51021, 51022, 51027, 51028, 51029, 51030,
        51032, 51037, 51110, 51124, 51196, 51197, 51507, 51508, 54011, 54012, 54072, 54094,
    ),
    Why.NOT_SUPPORTED: (
        50032, 50033, 50052, 50072, 51010, 51133, 51139, 51144, 51155, 51205, 51298, 51317, 51327,
        51328, 51329, 51330, 51331, 51332, 51403, 51413, 51415, 51506, 51523, 51524, 51525, 51526,
        51528, 51529, 51532, 51543, 54000, 54005, 54024, 54025, 54071, 54075,
    ),
    Why.PRICE_RANGE: (51031, 51116, 51122, 51135, 51136, 51250),
    Why.PRICE_PERCENT: (51006, 51137, 51138),
    Why.QTY_TOO_SMALL: (50122, 51007, 51020, 51120),
    Why.QTY_TOO_LARGE: (51005, 51101, 51202, 51203, 51207, 51252, 51275),
    Why.QTY_STEP: (51121, 51150),
    Why.MAX_NOTIONAL: (51033, 51185, 51201),
    Why.MAX_ORDERS: (51025, 51102, 51103, 51104, 51117, 51165, 51174),
    Why.MAX_CONDITIONAL_ORDERS: (51088, 51260, 51261, 51299),
    Why.MAX_POSITION: (51004, 51105, 51106, 51107, 51108, 51129, 51187, 54006, 54030, 54031, 54035),
    Why.NO_PRICE: (51014,),
    Why.NO_LIQUIDITY: (51109, 51140, 51142),
    Why.WOULD_TRADE: (51511,),
    Why.WOULD_TRIGGER: (
        51046, 51047, 51048, 51049, 51050, 51051, 51052, 51053, 51258, 51259, 51277, 51278, 51279,
        51280, 51300, 51302, 51303, 51304, 51305, 51306, 51307, 51308,
    ),
    # OKX says one code of coins and of margin; both mean that there is too little.
    Why.INSUFFICIENT_BALANCE: (51008, 51017, 51119, 51127, 51131, 51502),
    Why.INSUFFICIENT_MARGIN: (59103, 59108, 59109, 59200),
    Why.REDUCE_ONLY: (51112, 51148, 51169, 51170, 51171, 51206, 51521, 51522),
    Why.NO_POSITION: (51023, 51043, 51058),
    Why.OPEN_ORDERS_OR_POSITION: (
        51115, 51125, 51126, 51162, 51163, 51168, 59000, 59100, 59101, 59107,
    ),
    Why.NO_CHANGE: (52000,),
    Why.LEVERAGE: (51186, 59102, 59104, 59105, 59106),
    Why.EXPIRY: (50036, 50037),
    Why.BAD_REQUEST: (
        50000, 50002, 50006, 50014, 50015, 50016, 50024, 50025, 50115, 51000, 51003, 51111, 51123,
        51204, 51251, 51257, 51276, 51281, 51311, 51312, 51407, 51500, 51501, 51512, 51513, 51514,
        51531, 51602, 54009,
    ),
}  # fmt: skip
_OTHERS: dict[Verdict, tuple[int, ...]] = {
    # One code for filled, cancelled and never seen: looked for, the order says which. What has
    # triggered or is being cancelled is in doubt until then, too.
    Verdict.MISSING: (
        51063, 51400, 51401, 51402, 51405, 51410, 51412, 51416, 51503, 51509, 51510, 51527, 51603,
    ),
    Verdict.RATE: (50011, 50040, 50061, 51113),
    Verdict.CLOCK: (50102, 50112),
    Verdict.KEY: (
        50007, 50008, 50009, 50012, 50027, 50028, 50029, 50030, 50035, 50041, 50051, 50059, 50060,
        50100, 50101, 50103, 50104, 50105, 50106, 50107, 50108, 50109, 50110, 50111, 50113, 50114,
        50118, 50119, 50120, 50121, 51009, 51024, 51732, 51733, 51734,
    ),
    Verdict.MAINTENANCE: (50001,),
    # Said to leave open what became of the request, or to be an error of the venue's own. All that
    # is on no list is taken alike.
    Verdict.UNCLEAR: (50004, 50013, 50026, 50042, 51054, 51149),
}  # fmt: skip
FAULTS: dict[str, Fault] = {
    **{str(code): Fault(Verdict.REFUSED, why) for why, codes in _REFUSED.items() for code in codes},
    **{str(code): Fault(verdict) for verdict, codes in _OTHERS.items() for code in codes},
}
"""Every code that is known, as text."""


def read_fault(status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401 - JSON
    """Return what is wrong with an answer; None for a success, and where only HTTP speaks."""
    if not isinstance(answer, dict) or "code" not in answer:
        if status == EDGE_LIMIT and body.lstrip().startswith("<"):
            text = "403, sent away by the venue's edge"
            return CallError(Verdict.BANNED, text, code="403", retry_after_s=EDGE_S)
        return None
    code, text = str(answer["code"]), str(answer.get("msg") or "")
    if code == DONE or code in ITEMS:
        item = next(_refused_items(answer), None)
        if item is not None:
            return fault_of(str(item["sCode"]), str(item.get("sMsg") or text))
        if code == DONE and status < FIRST_ERROR:
            return None
    return fault_of(code, text)


def fault_of(code: str, text: str) -> CallError:
    """Return what one code means.

    How long to wait after too many requests is not said: it is one end point that is full, and
    what protects must not wait for it.
    """
    known = FAULTS.get(code.partition("_")[0], Fault(Verdict.UNCLEAR))
    return CallError(known.verdict, text, code=code, reason=known.reason)


def _refused_items(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    data = answer.get("data")
    for item in data if isinstance(data, list) else ():
        if isinstance(item, dict) and str(item.get("sCode", DONE)) != DONE:
            yield item
