"""Account: wallet, margin mode, fees; the coins and the key itself. The log: `transactions`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, RejectReason
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.bybit.call import wire_name
from ballast.venues.simulated.fronts.bybit.errors import Refusal
from ballast.venues.simulated.fronts.bybit.order_words import initial_margin
from ballast.venues.simulated.fronts.bybit.positions import ZERO, margined
from ballast.venues.simulated.fronts.bybit.words import (
    MARGIN_MODES,
    rate,
    tier_for,
)
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Amount
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

STATUS_PRO = 6
"""`unifiedMarginStatus` of a unified account 2.0 (pro)."""
USER_ID = 533_285
RATE_DIGITS = Decimal("1e-4")
CENT = Decimal("1e-8")


# Wallet --------------------------------------------------------------------------------------


def wallet_balance(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/account/wallet-balance."""
    if call.text("accountType") != "UNIFIED":
        raise errors.bad("accountType only support UNIFIED.")
    wanted = {name for name in call.text("coin").split(",") if name}
    return {"list": [wallet(front, call.account, wanted)]}


def wallet(front: BybitUnified, account: int, wanted: set[str]) -> dict[str, Any]:
    """Return the whole wallet, and the coins that are wanted (none: all)."""
    coins = [_coin(front, account, one) for one in front.market.balances(account)]
    free = sum((_available(front, account, one["coin"]) for one in coins), ZERO)
    usd = front.words.usd

    def summed(name: str) -> Decimal:
        return sum((usd(one["coin"], one[name]) for one in coins), ZERO)

    equity, wallet_total = summed("equity"), summed("walletBalance")
    im, mm = summed("totalPositionIM") + summed("totalOrderIM"), summed("totalPositionMM")
    isolated = margin_mode(front, account) is MarginMode.ISOLATED
    shown = [_shown(front, one) for one in coins if not wanted or one["coin"] in wanted]
    return {
        "accountType": "UNIFIED",
        "accountLTV": "0",
        "accountIMRate": "" if isolated else _share(im, equity),
        "accountMMRate": "" if isolated else _share(mm, equity),
        "totalEquity": shortest(equity.quantize(CENT)),
        "totalWalletBalance": shortest(wallet_total.quantize(CENT)),
        "totalMarginBalance": "" if isolated else shortest(equity.quantize(CENT)),
        "totalAvailableBalance": "" if isolated else shortest(free.quantize(CENT)),
        "totalPerpUPL": shortest(summed("unrealisedPnl").quantize(CENT)),
        "totalInitialMargin": "" if isolated else shortest(im.quantize(CENT)),
        "totalMaintenanceMargin": "" if isolated else shortest(mm.quantize(CENT)),
        "coin": shown,
    }


def _share(part: Decimal, whole: Decimal) -> str:
    return shortest((part / whole).quantize(RATE_DIGITS)) if whole > 0 else "0"


def _coin(front: BybitUnified, account: int, one: Amount) -> dict[str, Any]:
    """Return a coin's figures as numbers."""
    market, asset = front.market, one.asset
    positions = [
        held for held in market.positions(account) if market.listings[held.symbol].quote == asset
    ]
    lies = sum((market.amount(asset, held.margin_atoms) for held in positions), ZERO)
    profit = sum((market.amount(asset, held.unrealised_atoms) for held in positions), ZERO)
    total = market.amount(asset, one.total_atoms) + lies
    position_im = sum((initial_margin(front.words, held) for held in positions), ZERO)
    locked = market.amount(asset, one.locked_atoms)
    return {
        "coin": asset,
        "equity": total + profit,
        "walletBalance": total,
        "locked": locked,
        "totalPositionIM": position_im,
        "totalOrderIM": _order_margin(front, account, one, position_im - lies),
        "totalPositionMM": sum((_maintenance(front, held) for held in positions), ZERO),
        "unrealisedPnl": profit,
        "cumRealisedPnl": front.realised(account, asset),
    }


def _order_margin(front: BybitUnified, account: int, one: Amount, cross_im: Decimal) -> Decimal:
    """Return what resting orders of perpetuals set aside: what is missing from what is free."""
    market, asset = front.market, one.asset
    if not any(listing.quote == asset for listing in margined(front)):
        return ZERO
    cross = sum(
        held.unrealised_atoms
        for held in market.positions(account)
        if held.margin_mode is MarginMode.CROSS and market.listings[held.symbol].quote == asset
    )
    used = one.total_atoms - one.locked_atoms + cross - market.available(account, asset)
    return max(ZERO, market.amount(asset, used) - max(ZERO, cross_im)).quantize(CENT)


def _maintenance(front: BybitUnified, held: Any) -> Decimal:  # noqa: ANN401 - a Position
    listing = front.words.listing(held.symbol)
    value = abs(front.words.worth(held.symbol, held.qty_lots * held.mark_ticks))
    tier = tier_for(listing, value)
    return max(ZERO, value * tier.maintenance - tier.deduction)


def _available(front: BybitUnified, account: int, asset: str) -> Decimal:
    """Return what is free of a coin, in dollars."""
    market = front.market
    if any(one.quote == asset for one in margined(front)):
        return market.amount(asset, max(0, market.available(account, asset)))
    one = market.balance(account, asset)
    return front.words.usd(asset, market.amount(asset, one.free_atoms))


def _shown(front: BybitUnified, one: dict[str, Any]) -> dict[str, Any]:
    """Return a coin as it is printed."""
    texts = {name: shortest(value) for name, value in one.items() if name != "coin"}
    return {
        "coin": one["coin"],
        **texts,
        "usdValue": shortest(front.words.usd(one["coin"], one["equity"]).quantize(CENT)),
        "borrowAmount": "0",
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "accruedInterest": "0",
        "bonus": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
        "spotHedgingQty": "0",
        "spotBorrow": "0",
    }


def coins_balance(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/asset/transfer/query-account-coins-balance: all of it lies in the unified account."""
    kind = call.required("accountType")
    wanted = {name for name in call.text("coin").split(",") if name}
    rows = []
    for one in front.market.balances(call.account) if kind == "UNIFIED" else ():
        if wanted and one.asset not in wanted:
            continue
        total, free = (
            front.words.money(one.asset, atoms) for atoms in (one.total_atoms, one.free_atoms)
        )
        rows.append(
            {"coin": one.asset, "walletBalance": total, "transferBalance": free, "bonus": ""}
        )
    return {"memberId": str(USER_ID), "accountType": kind, "balance": rows}


# Settings ------------------------------------------------------------------------------------


def margin_mode(front: BybitUnified, account: int) -> MarginMode:
    """Return the account's margin mode: that of its perpetuals, which all have the same."""
    modes = [front.market.leverage(account, one.symbol)[1] for one in margined(front)]
    return modes[0] if modes else MarginMode.CROSS


def info(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/account/info."""
    mode = margin_mode(front, call.account)
    window = front.windows.of(call.account, "DERIVATIVES")
    return {
        "unifiedMarginStatus": STATUS_PRO,
        "marginMode": next(word for word, one in MARGIN_MODES.items() if one is mode),
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
        "updatedTime": str(call.now_ms),
        "dcpStatus": "ON" if window else "OFF",
        "timeWindow": window,
        "smpGroup": 0,
    }


def set_margin_mode(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/account/set-margin-mode: for the whole account, all of it or nothing."""
    word = call.required("setMarginMode")
    if word == "PORTFOLIO_MARGIN":
        raise _mode_refused("3400000", "Equity needs to be equal to or greater than 1000 USDC")
    if word not in MARGIN_MODES:
        raise errors.invalid("setMarginMode")
    mode = MARGIN_MODES[word]
    if margin_mode(front, call.account) is mode:
        return {"reasons": []}
    listings = margined(front)
    if any(front.market.open_orders(call.account, one.symbol) for one in listings):
        raise _mode_refused(
            "3400102", "Please ensure that there are no active orders in your account"
        )
    if any(front.market.positions(call.account, one.symbol) for one in listings):
        raise _mode_refused("3400101", "Please ensure that there are no positions in your account")
    for one in listings:
        outcome = front.market.set_margin_mode(call.account, one.symbol, mode)
        assert not (  # noqa: S101 - looked at just above
            isinstance(outcome, Rejected) and outcome.reason is not RejectReason.NO_CHANGE
        )
    return {"reasons": []}


def _mode_refused(code: str, text: str) -> Refusal:
    reasons = {"reasons": [{"reasonCode": code, "reasonMsg": text}]}
    return Refusal(3400045, "Set margin mode failed", result=reasons)


def fee_rate(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/account/fee-rate."""
    rows = []
    for one in call.listings():
        maker, taker = front.market.fee_rates_ppm(call.account, one.symbol)
        rows.append(
            {
                "symbol": wire_name(one),
                "baseCoin": "",
                "takerFeeRate": rate(taker),
                "makerFeeRate": rate(maker),
            }
        )
    return {"category": call.category(), "list": rows}


# Coins and key -------------------------------------------------------------------------------


def coin_info(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/asset/coin/query-info."""
    wanted = call.text("coin")
    listings = front.market.listings.values()
    names = sorted({one.base for one in listings} | {one.quote for one in listings})
    return {
        "rows": [
            {
                "name": name,
                "coin": name,
                "remainAmount": "0",
                "chains": [
                    {
                        "chainType": name,
                        "confirmation": "1",
                        "withdrawFee": "0",
                        "depositMin": "0",
                        "withdrawMin": "0",
                        "chain": name,
                        "chainDeposit": "0",
                        "chainWithdraw": "0",
                        "minAccuracy": "8",
                        "withdrawPercentageFee": "0",
                        "contractAddress": "",
                    }
                ],
            }
            for name in names
            if wanted in {"", name}
        ]
    }


def query_api(_front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/user/query-api: what the key may do."""
    key = call.key
    assert key is not None  # noqa: S101 - the route demands a signature
    trade = ["Order", "Position"] if key.can_trade else []
    return {
        "id": str(USER_ID),
        "note": "simulated",
        "apiKey": key.key,
        "readOnly": int(not key.can_trade),
        "secret": "",
        "permissions": {
            "ContractTrade": trade,
            "Spot": ["SpotTrade"] if key.can_trade else [],
            "Wallet": ["Withdraw"] if key.can_withdraw else [],
            "Options": [], "Derivatives": [], "CopyTrading": [], "BlockTrade": [],
            "Exchange": [], "NFT": [], "Affiliate": [], "Earn": [],
        },
        "ips": sorted(key.addresses) or ["*"],
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": "2099-01-01T00:00:00Z",
        "createdAt": "2020-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": USER_ID + call.account,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_1",
        "kycRegion": "",
    }  # fmt: skip
