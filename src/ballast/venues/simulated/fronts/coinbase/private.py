"""What an account can ask of Coinbase: wallets, fees, what its key may do, orders and fills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderRef
from ballast.venues.simulated.fronts.coinbase import errors, ids
from ballast.venues.simulated.fronts.coinbase.call import iso
from ballast.venues.simulated.fronts.coinbase.public import EXPIRIES, FIAT, TYPES
from ballast.venues.simulated.fronts.coinbase.words import TIFS, status_of, text, tif_of, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Amount
    from ballast.venues.simulated.fronts.coinbase.call import Call
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront

    _T = TypeVar("_T")

KEPT_MAX = 10_000
"""Orders and fills asked of the engine: more than it keeps."""
ACCOUNTS_DEFAULT, ACCOUNTS_MAX = 49, 250
ORDERS_DEFAULT, ORDERS_MAX = 1_000, 1_000
FILLS_DEFAULT, FILLS_MAX = 100, 1_000
STATUSES = ("PENDING", "OPEN", "FILLED", "CANCELLED", "EXPIRED", "FAILED", "QUEUED",
            "CANCEL_QUEUED", "UNKNOWN_ORDER_STATUS", "EDIT_QUEUED")  # fmt: skip
ORDER_TYPES = ("UNKNOWN_ORDER_TYPE", "MARKET", "LIMIT", "STOP", "STOP_LIMIT", "BRACKET", "TWAP",
               "SCALED")  # fmt: skip
SOURCES = ("UNKNOWN_PLACEMENT_SOURCE", "RETAIL_SIMPLE", "RETAIL_ADVANCED")
SORTS = ("UNKNOWN_SORT_BY", "LIMIT_PRICE", "LAST_FILL_TIME", "TRADE_TIME")
PPM = 1_000_000


def _wallet(front: CoinbaseFront, call: Call, one: Amount) -> dict[str, Any]:
    market = front.market
    free, held = (
        {"value": text(market.amount(one.asset, atoms)), "currency": one.asset}
        for atoms in (one.free_atoms, one.locked_atoms)
    )
    return {
        "uuid": ids.wallet_id(call.account, one.asset),
        "name": f"{one.asset} Wallet",
        "currency": one.asset,
        "available_balance": free,
        "default": True,
        "active": True,
        "created_at": iso(0),
        "updated_at": iso(call.now_ns),
        "deleted_at": None,
        "type": _kind(one.asset),
        "ready": True,
        "hold": held,
        "retail_portfolio_id": ids.portfolio_id(call.account),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    }


def _kind(asset: str) -> str:
    return "ACCOUNT_TYPE_FIAT" if asset in FIAT else "ACCOUNT_TYPE_CRYPTO"


def accounts(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET accounts: a wallet for each asset."""
    given = call.given
    limit = given.whole("limit", ACCOUNTS_DEFAULT, ACCOUNTS_MAX)
    first = given.whole("cursor", 0)
    check_portfolio(call)
    given.finish()
    rows = [_wallet(front, call, one) for one in front.market.balances(call.account)]
    page, after = rows[first : first + limit], first + limit
    has_next = after < len(rows) and bool(limit)
    return {
        "accounts": page, "has_next": has_next, "cursor": str(after) if has_next else "",
        "size": len(page),
    }  # fmt: skip


def one_account(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET accounts/{account_uuid}."""
    call.given.finish()
    for one in front.market.balances(call.account):
        if ids.wallet_id(call.account, one.asset) == call.part:
            return {"account": _wallet(front, call, one)}
    raise errors.NO_ACCOUNT


def accounts_v2(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v2/accounts: what an account has in all, without saying what is held."""
    for name in ("limit", "order", "starting_after", "ending_before"):
        call.given.maybe(name)
    call.given.finish()
    rows = [
        {
            "id": ids.wallet_id(call.account, one.asset),
            "name": f"{one.asset} Wallet",
            "primary": False,
            "type": "fiat" if one.asset in FIAT else "wallet",
            "currency": {"code": one.asset, "name": one.asset},
            "balance": {
                "amount": text(front.market.amount(one.asset, one.total_atoms)),
                "currency": one.asset,
            },
            "resource": "account",
        }
        for one in front.market.balances(call.account)
    ]
    pages = {"limit": len(rows), "order": "desc", "next_starting_after": "", "next_uri": ""}
    return {"pagination": pages, "data": rows}


def check_portfolio(call: Call) -> None:
    """Raise a `Refusal` for a portfolio that is not the account's only one."""
    asked = call.given.maybe("retail_portfolio_id")
    if asked and asked != ids.portfolio_id(call.account):
        raise errors.invalid("portfolio not found")


def key_permissions(_front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET key_permissions."""
    call.given.finish()
    assert call.key is not None  # noqa: S101 - the route demands a signature
    return {
        "can_view": True,
        "can_trade": call.key.can_trade,
        "can_transfer": call.key.can_withdraw,
        "portfolio_uuid": ids.portfolio_id(call.account),
        "portfolio_type": "DEFAULT",
    }


def transaction_summary(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET transaction_summary: what the account traded and paid, and its rates."""
    kind = call.given.choice("product_type", TYPES)
    call.given.choice("contract_expiry_type", EXPIRIES)
    call.given.maybe("product_venue")
    call.given.finish()
    market, words = front.market, front.words
    volume = fees = Decimal(0)
    for one in market.fills(call.account, limit=KEPT_MAX) if kind != "FUTURE" else ():
        volume += words.worth(market.listings[one.symbol], one.price_ticks * one.qty_lots)
        fees += market.amount(one.fee_asset, one.fee_atoms)
    first = next(iter(market.listings))
    maker, taker = market.fee_rates_ppm(call.account, first)
    return {
        "total_volume": float(volume),
        "total_fees": float(fees),
        "fee_tier": {
            "pricing_tier": "Advanced 1", "usd_from": "0", "usd_to": "1000",
            "taker_fee_rate": text(Decimal(taker) / PPM),
            "maker_fee_rate": text(Decimal(maker) / PPM),
            "aop_from": "", "aop_to": "",
        },
        "margin_rate": None,
        "goods_and_services_tax": None,
        "advanced_trade_only_volume": float(volume),
        "advanced_trade_only_fees": float(fees),
        "coinbase_pro_volume": 0,
        "coinbase_pro_fees": 0,
        "total_balance": "",
        "has_promo_fee": False,
    }  # fmt: skip


# Orders and fills, the newest first --------------------------------------------------------


def find(front: CoinbaseFront, account: int, text_id: str) -> Order | None:
    """Return an order by the venue's id."""
    number = ids.order_number(text_id)
    if not number:
        return None
    for symbol in front.market.listings:
        found = front.market.order(account, OrderRef(symbol, number))
        if found is not None:
            return found
    return None


def one_order(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET orders/historical/{order_id}."""
    for name in ("client_order_id", "user_native_currency"):
        call.given.maybe(name)
    call.given.finish()
    found = find(front, call.account, call.part)
    if found is None:
        raise errors.NO_ORDER
    return {"order": front.words.order(found)}


def _words(call: Call, name: str, options: Sequence[str]) -> set[str]:
    """Return some words of a list; none for all of them."""
    found = call.given.texts(name)
    if any(one not in options for one in found):
        raise errors.invalid(f"invalid {name}")
    return set(found)


def _page(
    call: Call, rows: list[_T], place: Callable[[_T], int], default: int, most: int
) -> tuple[list[_T], str]:
    """Return the asked part of rows that are newest first, and where the next part begins."""
    limit = call.given.whole("limit", default, most) or default
    older = call.given.whole("cursor", 2**63 - 1)
    call.given.finish()
    rest = [one for one in rows if place(one) < older]
    page = rest[:limit]
    return page, str(place(page[-1])) if len(rest) > limit else ""


def orders(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET orders/historical/batch."""
    given = call.given
    statuses = _words(call, "order_status", STATUSES)
    if "OPEN" in statuses and len(statuses) > 1:
        raise errors.invalid("OPEN orders cannot be queried together with other statuses")
    kinds, tifs = (
        _words(call, "order_types", ORDER_TYPES),
        _words(call, "time_in_forces", tuple(TIFS.values())),
    )
    side = given.choice("order_side", ("BUY", "SELL", "UNKNOWN_ORDER_SIDE"))
    wanted = set(given.texts("order_ids"))
    begin, end = given.moment("start_date", 0), given.moment("end_date", 2**62)
    product_type = given.choice("product_type", TYPES)
    given.choice("order_placement_source", SOURCES)
    given.choice("contract_expiry_type", EXPIRIES)
    given.choice("sort_by", SORTS)
    for name in ("asset_filters", "user_native_currency", "use_simplified_total_value_calculation"):
        given.maybe(name)
    check_portfolio(call)

    def is_asked(one: Order) -> bool:
        return (
            _is_in(statuses, status_of(one))
            and _is_in(kinds, type_of(one))
            and _is_in(tifs, tif_of(one))
            and side in {"", "UNKNOWN_ORDER_SIDE", one.request.side.name}
            and _is_in(wanted, ids.order_id(one.order_id))
            and begin <= one.created_ns < end
        )

    rows = [
        one
        for listing in (call.products() if product_type != "FUTURE" else ())
        for one in front.market.orders(call.account, listing.symbol, KEPT_MAX)
        if is_asked(one)
    ]
    rows.sort(key=lambda one: -one.order_id)
    page, cursor = _page(call, rows, lambda one: one.order_id, ORDERS_DEFAULT, ORDERS_MAX)
    return {
        "orders": [front.words.order(one) for one in page], "sequence": "0",
        "has_next": bool(cursor), "cursor": cursor,
    }  # fmt: skip


def _is_in(wanted: set[str], word: str) -> bool:
    return not wanted or word in wanted


def fills(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET orders/historical/fills."""
    given = call.given
    names = {one.symbol for one in call.products()}
    wanted, one_id = set(given.texts("order_ids")), given.maybe("order_id")
    if one_id:
        wanted.add(one_id)
    trades = set(given.texts("trade_ids"))
    begin = given.moment("start_sequence_timestamp", 0)
    end = given.moment("end_sequence_timestamp", 2**62)
    given.choice("sort_by", SORTS)
    check_portfolio(call)
    rows = [
        one
        for one in front.market.fills(call.account, limit=KEPT_MAX)
        if one.symbol in names
        and _is_in(wanted, ids.order_id(one.order_id))
        and _is_in(trades, ids.trade_id(one))
        and begin <= one.at_ns < end
    ]
    rows.sort(key=lambda one: -ids.fill_place(one))
    page, cursor = _page(call, rows, ids.fill_place, FILLS_DEFAULT, FILLS_MAX)
    return {"fills": [front.words.fill(one) for one in page], "cursor": cursor}
