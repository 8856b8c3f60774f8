"""Account: wallet, positions, settings and rights, as Bybit prints them.

The account is a unified one: spot and perpetuals share the wallet, every coin of it is collateral,
so what it is worth is one number for both markets.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, PositionMode, PositionStops, TriggerBy
from ballast.core.time import parse_ms
from ballast.venues.clients.account import Balance, Grants, VenuePosition, VenueStatus
from ballast.venues.clients.bybit import words
from ballast.venues.clients.market import number, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.market import Market

DOLLARS = frozenset({"USD", "USDT", "USDC", "USDE", "FDUSD", "DAI"})
CENT = Decimal("1e-8")
ONE = Decimal(1)
LEVERAGE_STEP = Decimal("0.01")


def balance_of(coin: Mapping[str, Any]) -> Balance:
    """Return one coin of the wallet. Free: neither in an order nor margin of a position."""
    total = number(coin["walletBalance"])
    used = sum(
        (number(coin.get(name)) for name in ("locked", "totalOrderIM", "totalPositionIM")),
        Decimal(0),
    )
    return Balance(str(coin["coin"]), total, max(Decimal(0), total - used))


def balances_of(wallet: Mapping[str, Any]) -> list[Balance]:
    """Return the coins that are not zero."""
    return [one for coin in wallet["coin"] if (one := balance_of(coin)).total]


def worth_of(wallet: Mapping[str, Any], quote: str) -> Decimal | None:
    """Return what the account is worth in a quote coin, None where its price is not said.

    The venue counts in dollars. What a coin costs it says of those that are held; one that is not
    held and stands for a dollar costs one.
    """
    total = number(wallet["totalEquity"])
    for coin in wallet["coin"]:
        equity, dollars = number(coin.get("equity")), number(coin.get("usdValue"))
        if coin["coin"] == quote and equity > 0 and dollars > 0:
            return (total * equity / dollars).quantize(CENT)
    return total if quote in DOLLARS else None


def dollars_of(wallet: Mapping[str, Any], coin: str) -> Decimal | None:
    """Return what one of a coin costs in dollars, None where the wallet does not say it."""
    for row in wallet["coin"]:
        equity, dollars = number(row.get("equity")), number(row.get("usdValue"))
        if row["coin"] == coin and equity > 0 and dollars > 0:
            return dollars / equity
    return ONE if coin in DOLLARS else None


def free_of(wallet: Mapping[str, Any], quote: str, *, is_spot: bool) -> Decimal:
    """Return what a new order may use of a quote coin: coins on spot, else the margin of all coins.

    The margin is said in dollars; with isolated margin it is not said, and the coin alone counts.
    """
    coin = next((one for one in wallet["coin"] if one["coin"] == quote), None)
    margin = wallet.get("totalAvailableBalance")
    if is_spot or margin in {None, ""}:
        return balance_of(coin).free if coin is not None else Decimal(0)
    if coin is not None:
        equity, dollars = number(coin.get("equity")), number(coin.get("usdValue"))
        if equity > 0 and dollars > 0:
            return (number(margin) * equity / dollars).quantize(CENT)
    return number(margin) if quote in DOLLARS else Decimal(0)


def coins_held(wallet: Mapping[str, Any], markets: Iterable[Market]) -> list[VenuePosition]:
    """Return the coins of spot markets, in whole lots: less cannot be sold."""
    totals = {str(coin["coin"]): number(coin["walletBalance"]) for coin in wallet["coin"]}
    return [
        VenuePosition(one.symbol, int(max(Decimal(0), totals.get(one.base, Decimal(0))) // one.lot))
        for one in markets
    ]


def position_of(row: Mapping[str, Any], market: Market, mode: MarginMode) -> VenuePosition:
    """Return a position; a stream says `entryPrice` where REST says `avgPrice`."""
    lots = market.lots_of(row["size"])
    entry = row["avgPrice"] if "avgPrice" in row else row["entryPrice"]
    return VenuePosition(
        symbol=market.symbol,
        lots=-lots if row["side"] == "Sell" else lots,
        side=words.POSITIONS_BACK[int(row["positionIdx"])],
        entry=number(entry),
        mark=number(row.get("markPrice")),
        liquidation=number(row.get("liqPrice")),
        unrealised=number(row.get("unrealisedPnl")),
        leverage=number(row.get("leverage")) or ONE,
        margin_mode=MarginMode.ISOLATED if int(row.get("tradeMode") or 0) else mode,
    )


def flat(symbol: str, mode: MarginMode) -> VenuePosition:
    """Return a position of nothing."""
    return VenuePosition(symbol, 0, margin_mode=mode)


def leverage_text(leverage: Decimal) -> str:
    """Return a leverage as the venue takes it: two decimals at the most."""
    return plain(leverage.quantize(LEVERAGE_STEP, ROUND_DOWN))


def stops_of(row: Mapping[str, Any], market: Market) -> PositionStops:
    """Return the stops of a position; by which price they trigger it does not say."""
    return PositionStops(
        take_profit_ticks=market.nearest_ticks(row.get("takeProfit")),
        stop_loss_ticks=market.nearest_ticks(row.get("stopLoss")),
        trail_ticks=market.nearest_ticks(row.get("trailingStop")),
        activation_ticks=market.nearest_ticks(row.get("activePrice")),
        take_profit_by=TriggerBy.LAST,
        stop_loss_by=TriggerBy.LAST,
        trail_by=TriggerBy.LAST,
    )


def grants_of(key: Mapping[str, Any], category: Category, mode: PositionMode) -> Grants:
    """Return what a key may do in one market."""
    may = key["permissions"]
    wanted = (
        "SpotTrade" in may.get("Spot", ())
        if category.is_spot
        else "Order" in may.get("ContractTrade", ())
        or "DerivativesTrade" in may.get("Derivatives", ())
    )
    addresses = [one for one in key.get("ips") or () if one != "*"]
    expires_ms = parse_ms(str(key["expiredAt"])) if key.get("expiredAt") else 0
    is_unified = bool(int(key.get("uta") or 0) or int(key.get("unified") or 0))
    return Grants(
        can_read=True,
        can_trade=wanted and not int(key.get("readOnly") or 0),
        can_withdraw="Withdraw" in may.get("Wallet", ()),
        is_ip_bound=bool(addresses),
        # A key that is bound to an address does not expire, which is printed as 1970.
        expires_ms=expires_ms if expires_ms > 0 else None,
        position_mode=mode,
        account_kind="unified" if is_unified else "classic",
    )


def mode_of(rows: Sequence[Mapping[str, Any]]) -> PositionMode:
    """Return the position mode that rows of positions show."""
    hedged = any(int(row["positionIdx"]) for row in rows)
    return PositionMode.HEDGE if hedged else PositionMode.ONE_WAY


def status_of(rows: Iterable[Mapping[str, Any]], category: Category, now_ms: int) -> VenueStatus:
    """Return whether a market is open, from the announcements of maintenance."""
    planned: list[tuple[int, str]] = []
    for row in rows:
        products = row.get("product") or ()
        if products and category.product not in [int(one) for one in products]:
            continue
        begins, ends = int(row.get("begin") or 0), int(row.get("end") or 0)
        state, title = row.get("state"), str(row.get("title", ""))
        if state == "ongoing" and begins <= now_ms:
            return VenueStatus(is_open=False, text=title, until_ms=ends or None)
        if begins and state in {"ongoing", "scheduled"}:
            planned.append((begins, title))
    if not planned:
        return VenueStatus(is_open=True)
    closes_ms, title = min(planned)
    return VenueStatus(is_open=True, text=title, closes_ms=closes_ms)
