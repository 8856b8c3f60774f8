"""Account data of OKX: balance, positions, configuration, leverage, fees, bills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError
from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, PositionMode, PositionSide, RejectReason
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.okx import errors, ids, risk, settings
from ballast.venues.simulated.fronts.okx.call import type_of
from ballast.venues.simulated.fronts.okx.words import text

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront
    from ballast.venues.simulated.fronts.okx.memory import Bill

NS_MS = 1_000_000
FUTURES_MODE = "2"
"""The account level: spot and swaps, each swap's margin in its settlement currency."""
OF_INSTRUMENTS = ("instType", "instFamily", "uly", "instId")
"""What asks for bills of some instruments alone."""
FUNDING_ACCOUNT, TRADING_ACCOUNT = "6", "18"
"""Between which transfers move."""
POSITION_MODES = {PositionMode.ONE_WAY: "net_mode", PositionMode.HEDGE: "long_short_mode"}


def balance(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/balance."""
    wanted = call.given.optional("ccy")
    names = None if wanted is None else wanted.split(",")
    return [risk.balance(front, call.account, call.now_ms, names)]


def positions(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/positions: the open ones."""
    names = {one.symbol for one in call.chosen(needs_type=False)}
    number = call.given.optional("posId")
    found = [
        risk.position(front, one, call.now_ms)
        for one in front.market.positions(call.account)
        if one.symbol in names
    ]
    return [one for one in found if number in {None, one["posId"]}]


def config(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/config."""
    key = call.key
    assert key is not None  # noqa: S101 - the route demands a signature
    rights = ["read_only", *(["trade"] if key.can_trade else [])]
    rights += ["withdraw"] if key.can_withdraw else []
    return [
        {
            "uid": str(call.account), "mainUid": str(call.account), "acctLv": FUTURES_MODE,
            "acctStpMode": "cancel_maker",
            "posMode": POSITION_MODES[front.market.position_mode(call.account)],
            "autoLoan": False, "greeksType": "PA", "feeType": "0", "level": "Lv1",
            "levelTmp": "", "ctIsoMode": "automatic", "mgnIsoMode": "automatic",
            "spotOffsetType": "", "stgyType": "0", "roleType": "0", "traderInsts": [],
            "spotRoleType": "0", "spotTraderInsts": [], "opAuth": "0", "kycLv": "3",
            "label": "simulated", "ip": ",".join(sorted(key.addresses)),
            "perm": ",".join(rights), "liquidationGear": "0", "enableSpotBorrow": False,
            "spotBorrowAutoRepay": False, "type": "0", "settleCcy": "", "settleCcyList": [],
        }
    ]  # fmt: skip


def set_position_mode(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/account/set-position-mode."""
    name = call.choice("posMode", tuple(POSITION_MODES.values()))
    mode = next(one for one, words in POSITION_MODES.items() if words == name)
    outcome = front.market.set_position_mode(call.account, mode)
    if isinstance(outcome, Rejected) and outcome.reason is not RejectReason.NO_CHANGE:
        raise errors.rejected(outcome)
    return [{"posMode": name}]


def set_isolated_mode(_front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/account/set-isolated-mode: margin always moves by itself."""
    mode = call.choice("isoMode", ("automatic", "autonomy"))
    call.choice("type", ("MARGIN", "CONTRACTS"))
    if mode != "automatic":
        raise errors.MODE
    return [{"isoMode": mode}]


def _swaps(call: Call) -> list[Listing]:
    """Read the swaps that `instId` names, one or several, or `ccy` means."""
    text, asset = call.given.optional("instId"), call.given.optional("ccy")
    if text is None and asset is None:
        raise errors.either("instId", "ccy")
    if text is None:
        return [
            one for one in call.listings.values()
            if one.kind is Kind.PERPETUAL and one.quote == asset
        ]  # fmt: skip
    found = [call.known(name) for name in text.split(",")]
    if any(one.kind is not Kind.PERPETUAL for one in found):
        raise errors.MODE
    return found


def set_leverage(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/account/set-leverage: of a mode of a swap, for both sides of it."""
    call.given.required("lever")
    lever = call.maybe_decimal("lever")
    mode = call.choice("mgnMode", tuple(settings.MODES))
    side = call.choice("posSide", tuple(settings.SIDES), "net")
    found = _swaps(call)
    if lever is None or lever != int(lever):  # parts of a leverage are not simulated
        raise errors.wrong("lever")
    for one in found:
        front.settings.set_lever(call.account, one.symbol, settings.MODES[mode], int(lever))
    return [
        {"instId": one.symbol, "lever": str(int(lever)), "mgnMode": mode, "posSide": side}
        for one in found
    ]


def leverage_info(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/leverage-info."""
    mode = call.choice("mgnMode", tuple(settings.MODES))
    found = _swaps(call)
    hedged = front.market.position_mode(call.account) is PositionMode.HEDGE
    sides = ("long", "short") if hedged and mode == "isolated" else ("net",)
    rows = []
    for one in found:
        lever = front.settings.lever(call.account, one.symbol, settings.MODES[mode])
        rows += [
            {"instId": one.symbol, "mgnMode": mode, "posSide": side, "lever": str(lever),
             "ccy": ""}
            for side in sides
        ]  # fmt: skip
    return rows


def max_size(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/max-size."""
    names = call.given.required("instId").split(",")
    found = [call.known(name) for name in names]
    mode = call.choice("tdMode", ("cash", "cross", "isolated"))
    prices = {one.symbol: call.ticks(one, "px") for one in found}
    rows = []
    for one in found:
        bid, ask = front.market.best(one.symbol)
        ticks = prices[one.symbol]
        buy, sell = _largest(front, call, one, mode, (ticks or ask, ticks or bid))
        rows.append({"instId": one.symbol, "ccy": one.quote, "maxBuy": buy, "maxSell": sell})
    return rows


def _largest(
    front: OkxFront, call: Call, listing: Listing, mode: str, ticks: tuple[int, int]
) -> tuple[str, str]:
    """Return the largest purchase and the largest sale at these prices, fees left out."""
    if listing.kind is Kind.SPOT:
        if mode != "cash":
            raise errors.MODE
        quote = front.market.balance(call.account, listing.quote)
        base = front.market.balance(call.account, listing.base)
        return (
            text(front.market.amount(quote.asset, quote.free_atoms)),
            text(front.market.amount(base.asset, base.free_atoms)),
        )
    if mode not in settings.MODES:
        raise errors.wrong("tdMode")
    lever = front.settings.lever(call.account, listing.symbol, settings.MODES[mode])
    free = front.market.available(call.account, listing.quote)
    money = front.market.amount(listing.quote, max(0, free)) * lever
    sizes = []
    for price in ticks:
        unit = listing.price(price) * listing.contract * listing.lot
        sizes.append(text(listing.qty(int(money / unit))) if unit else "0")
    return sizes[0], sizes[1]


def trade_fee(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/trade-fee: charges are negative."""
    kind = call.given.required("instType")
    found = call.chosen(needs_type=True)
    if not found:
        raise errors.wrong("instType")
    maker, taker = (
        text(Decimal(-one).scaleb(-6))
        for one in front.market.fee_rates_ppm(call.account, found[0].symbol)
    )
    swap = kind == "SWAP"
    return [
        {
            "category": "1", "delivery": "", "exercise": "", "feeGroup": [
                {"groupId": "1", "maker": maker, "taker": taker}
            ],
            "fiat": [], "instType": kind, "level": "Lv1", "maker": "" if swap else maker,
            "makerU": maker if swap else "", "makerUSDC": "", "ruleType": "normal",
            "taker": "" if swap else taker, "takerU": taker if swap else "", "takerUSDC": "",
            "ts": str(call.now_ms),
        }
    ]  # fmt: skip


def bills(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/account/bills and /bills-archive: trades, funding, transfers in and out."""
    names = {one.symbol for one in call.chosen(needs_type=False)}
    if not any(call.given.optional(one) for one in OF_INSTRUMENTS):
        names.add("")  # a transfer is of no instrument
    asset, kind = call.given.optional("ccy"), call.given.optional("type")
    subtype, mode = call.given.optional("subType"), call.given.optional("mgnMode")
    begin, end = call.whole("begin", 0), call.whole("end", 2**62)
    rows = [
        one
        for one in front.memory.bills_of(call.account)
        if one.symbol in names
        and asset in {None, one.asset}
        and kind in {None, one.kind}
        and subtype in {None, one.subtype}
        and mode in {None, one.margin_mode}
        and begin <= one.at_ns // NS_MS <= end
    ]
    chosen = call.page(rows, lambda one: ids.BILL_BASE + one.number)
    return [_bill(front, one) for one in chosen]


def _bill(front: OkxFront, bill: Bill) -> dict[str, str]:
    words = front.words
    return {
        "bal": words.money(bill.asset, bill.balance_atoms),
        "balChg": words.money(bill.asset, bill.change_atoms),
        "billId": str(ids.BILL_BASE + bill.number),
        "ccy": bill.asset,
        "clOrdId": bill.client_id,
        "earnAmt": "",
        "earnApr": "",
        "fee": words.money(bill.asset, bill.fee_atoms),
        "instId": bill.symbol,
        "interest": "0",
        "mgnMode": bill.margin_mode,
        "notes": "",
        "pnl": words.money(bill.asset, bill.realised_atoms),
        "posBal": "0",
        "posBalChg": "0",
        "subType": bill.subtype,
        "tag": front.memory.note(bill.order_number).tag,
        "ts": str(bill.at_ns // NS_MS),
        "type": bill.kind,
        **(_of_instrument(front, bill) if bill.symbol else _moved(front, bill)),
    }


def _of_instrument(front: OkxFront, bill: Bill) -> dict[str, str]:
    """Return what a bill says of the instrument that was traded, or paid funding."""
    words, traded = front.words, bool(bill.order_number)
    return {
        "execType": ("M" if bill.is_maker else "T") if traded else "",
        "fillTime": str(bill.at_ns // NS_MS) if traded else "",
        "from": "",
        "instType": type_of(front.market.listings[bill.symbol]),
        "ordId": ids.order_id(bill.order_number) if traded else "",
        "px": words.maybe_price(bill.symbol, bill.price_ticks),
        "sz": words.qty(bill.symbol, bill.qty_lots) if traded else "0",
        "to": "",
    }


def _moved(front: OkxFront, bill: Bill) -> dict[str, str]:
    """Return what a transfer says instead: between which accounts how much was moved."""
    comes = bill.change_atoms >= 0
    return {
        "execType": "",
        "fillTime": "",
        "from": FUNDING_ACCOUNT if comes else TRADING_ACCOUNT,
        "instType": "",
        "ordId": "",
        "px": "",
        "sz": front.words.money(bill.asset, abs(bill.change_atoms)),
        "to": TRADING_ACCOUNT if comes else FUNDING_ACCOUNT,
    }


def margin_balance(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/account/position/margin-balance."""
    listing = call.swap()
    side = call.choice("posSide", tuple(settings.SIDES))
    kind = call.choice("type", ("add", "reduce"))
    call.given.required("amt")
    money = call.maybe_decimal("amt")
    assert money is not None  # noqa: S101 - required above
    try:
        atoms = front.market.atoms(listing.quote, money)
    except ConfigError:  # more digits than the asset has
        raise errors.wrong("amt") from None
    which = settings.SIDES[side]
    _check_isolated(front, call.account, listing.symbol, which)
    signed = atoms if kind == "add" else -atoms
    outcome = front.market.add_margin(call.account, listing.symbol, which, signed)
    if isinstance(outcome, Rejected):
        raise errors.Refusal(59301, "Margin adjustment failed for exceeding the max limit")
    lever, _ = front.market.leverage(call.account, listing.symbol)
    return [
        {
            "amt": text(money), "ccy": listing.quote, "instId": listing.symbol,
            "leverage": str(lever), "posSide": side, "type": kind,
        }
    ]  # fmt: skip


def _check_isolated(front: OkxFront, account: int, symbol: str, which: PositionSide) -> None:
    hedged = front.market.position_mode(account) is PositionMode.HEDGE
    if hedged == (which is PositionSide.BOTH):
        raise errors.wrong("posSide")
    found = front.market.position(account, symbol, which)
    if not found.qty_lots or found.margin_mode is not MarginMode.ISOLATED:
        raise errors.Refusal(59300, "Margin call failed. Position doesn't exist")
