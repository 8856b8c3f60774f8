"""The account at Binance USD-M: what it may, what it holds, how it is set, what it paid."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, RejectReason
from ballast.core.orders import PositionMode as Mode
from ballast.venues.clients.account import (
    Balance,
    Flow,
    Grants,
    SymbolSetting,
    VenuePosition,
    free_of,
)
from ballast.venues.clients.binance.base import BinanceDesk
from ballast.venues.clients.binance.flows import Move
from ballast.venues.clients.binance.paging import PAGE
from ballast.venues.clients.binance.rows import (
    MINUTE_MS,
    NS_MS,
    ShapeError,
    read,
)
from ballast.venues.clients.binance.rules import usdm_markets
from ballast.venues.clients.binance.usdm_rows import (
    AccountConfig,
    Brackets,
    CommissionRate,
    Income,
    PositionMode,
    Risk,
    SymbolConfig,
    UsdmAccount,
    UsdmAsset,
)
from ballast.venues.clients.binance.usdm_words import position_side_of
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.desk import Paid
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.venues.clients.market import Market

MARGIN_WORDS = {MarginMode.CROSS: "CROSSED", MarginMode.ISOLATED: "ISOLATED"}
MARGIN_MODES = {word: mode for mode, word in MARGIN_WORDS.items()}
ACCOUNT_COST, CONFIG_COST, FEES_COST, INCOME_COST, MODE_COST = 5.0, 5.0, 20.0, 30.0, 30.0

TRANSFERS = ("TRANSFER", "INTERNAL_TRANSFER")
"""Kinds of income that come from elsewhere, a question of weight 30 of 2,400 a minute each. The
documents list both: between the own wallets, and from an account of Binance itself. Not asked for
are conversions of one coin into another (COIN_SWAP_..., AUTO_EXCHANGE), bonuses, and what a grid of
the venue takes to trade with (STRATEGY_UMFUTURES_TRANSFER): the account is ours alone."""
INCOME_KEPT_MS = 90 * 86_400_000


class UsdmAccountDesk(BinanceDesk):
    """Questions about the account, and its settings."""

    venue = "BINANCEUSDM"
    methods = "fapiPublic"
    candle_costs = ((99, 1.0), (499, 2.0), (1_000, 5.0), (1_500, 10.0))
    depth_costs = ((50, 2.0), (100, 5.0), (500, 10.0), (1_000, 20.0))
    prices = Call("fapiPublicV2GetTickerPrice", {}, Urgency.ASK, cost=2.0)
    day_cost = 40.0
    best = Call("fapiPublicGetTickerBookTicker", cost=5.0)

    async def load(self) -> None:
        """Ask for the rules of all perpetuals, and with a key for the leverage each may have."""
        answer = await self._asker.ask(Call("fapiPublicGetExchangeInfo"))
        leverages: Mapping[str, Decimal] = {}
        if self._asker.key:
            leverages = await self._ask(Call("fapiPrivateGetLeverageBracket"), _leverages)
        self.markets = self._read(lambda: usdm_markets(answer, leverages))

    async def grants(self) -> Grants:
        """Return what the key may do; moving coins to other accounts counts as withdrawing."""
        key = await self._rights()
        call = Call("fapiPrivateGetAccountConfig", {}, Urgency.ASK, cost=CONFIG_COST)
        config = await self._ask(call, lambda answer: read(answer, AccountConfig))
        return Grants(
            can_read=key.enable_reading,
            can_trade=key.enable_futures and config.can_trade,
            can_withdraw=key.enable_withdrawals
            or key.enable_internal_transfer
            or key.permits_universal_transfer,
            is_ip_bound=key.ip_restrict,
            expires_ms=key.trading_authority_expiration_time,
            position_mode=Mode.HEDGE if config.dual_side_position else Mode.ONE_WAY,
            account_kind="multi-assets" if config.multi_assets_margin else "single-asset",
        )

    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return maker and taker fee, without the discount of BNB."""
        params = {"symbol": self._market(symbol).name}
        call = Call("fapiPrivateGetCommissionRate", params, Urgency.ASK, cost=FEES_COST)
        found = await self._ask(call, lambda answer: read(answer, CommissionRate))
        return self._read(
            lambda: (number(found.maker_commission_rate), number(found.taker_commission_rate))
        )

    # What is held ---------------------------------------------------------------------------

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return a position of each symbol, in hedge mode each of its sides that is open."""
        markets = [self._market(symbol) for symbol in symbols]
        rows: dict[str, list[Risk]] = {}
        for row in await self._ask(
            Call("fapiPrivateV3GetPositionRisk", {}, Urgency.ASK, cost=ACCOUNT_COST),
            lambda answer: read(answer, list[Risk]),
        ):
            rows.setdefault(row.symbol, []).append(row)
        settings = await self._settings({})
        return self._read(
            lambda: [
                held
                for market in markets
                for held in _held(market, rows.get(market.name, []), settings.get(market.name))
            ]
        )

    async def balances(self) -> list[Balance]:
        """Return all assets of the wallet that are not zero, before open profit."""
        rows = await self._assets()
        found = [
            Balance(one.asset, number(one.wallet_balance), number(one.available_balance))
            for one in rows
        ]
        return [one for one in found if one.total]

    async def free(self, quote: str) -> Decimal:
        """Return the margin that is available for orders."""
        return free_of(await self.balances(), quote)

    async def equity(self, quote: str) -> Decimal:
        """Return the worth of the wallet in `quote`, open profit included."""
        rows = await self._assets()
        return await self._worth({one.asset: number(one.margin_balance) for one in rows}, quote)

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return funding payments, oldest first, all pages."""
        where = {"symbol": self._market(symbol).name, "incomeType": "FUNDING_FEE"}
        rows = await self._income(where, since_ms)
        return self._read(
            lambda: [
                Paid(symbol, -number(row.income), row.time * NS_MS, payment_id(symbol, row.time))
                for row in rows
            ]
        )

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return what came to the wallet and left it, of the three months that the venue keeps."""
        first = max(since_ms, self._asker.now_ms() - INCOME_KEPT_MS)
        found = [
            row for kind in TRANSFERS for row in await self._income({"incomeType": kind}, first)
        ]
        moves = self._read(
            lambda: [
                Move(row.asset, number(row.income), row.time * NS_MS, _flow_id(row))
                for row in sorted(found, key=lambda row: row.time)
            ]
        )
        return await self._valued(moves, quote)

    async def _income(self, where: Mapping[str, str], since_ms: int) -> list[Income]:
        """Return income of one kind, whose numbers are unique, oldest first, all pages."""
        found: dict[int, Income] = {}
        start = since_ms
        while True:
            params = {**where, "startTime": start, "limit": PAGE}
            call = Call("fapiPrivateGetIncome", params, Urgency.ASK, cost=INCOME_COST)
            rows = await self._ask(call, lambda answer: read(answer, list[Income]))
            fresh = [row for row in rows if row.tran_id not in found]
            found |= {row.tran_id: row for row in fresh}
            if len(rows) < PAGE:
                return sorted(found.values(), key=lambda row: row.time)
            if not fresh:
                raise CallError(Verdict.UNCLEAR, f"income of {where} does not go on from {start}")
            start = rows[-1].time

    # How it is set --------------------------------------------------------------------------

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return leverage and margin mode."""
        name = self._market(symbol).name
        found = (await self._settings({"symbol": name})).get(name)
        if found is None:
            raise CallError(Verdict.UNCLEAR, f"no settings of {name} were told")
        return self._read(
            lambda: SymbolSetting(symbol, Decimal(found.leverage), margin_of(found.margin_type))
        )

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Set one-way mode, margin mode and leverage, each only where it is not so already."""
        name = self._market(symbol).name
        if leverage != int(leverage) or leverage < 1:
            raise CallError(
                Verdict.REFUSED,
                f"leverage {leverage} is no whole number",
                reason=RejectReason.LEVERAGE,
            )
        call = Call("fapiPrivateGetPositionSideDual", {}, Urgency.ASK, cost=MODE_COST)
        mode = await self._ask(call, lambda answer: read(answer, PositionMode))
        if mode.dual_side_position:
            await self._set("fapiPrivatePostPositionSideDual", {"dualSidePosition": "false"})
        now = await self.setting(symbol)
        if now is None or now.margin_mode is not margin_mode:
            word = MARGIN_WORDS[margin_mode]
            await self._set("fapiPrivatePostMarginType", {"symbol": name, "marginType": word})
        if now is None or now.leverage != leverage:
            params = {"symbol": name, "leverage": str(int(leverage))}
            await self._set("fapiPrivatePostLeverage", params)

    # Inside ---------------------------------------------------------------------------------

    async def _set(self, method: str, params: dict[str, Any]) -> None:
        try:
            await self._asker.ask(Call(method, params, Urgency.TRADE, changes=True))
        except CallError as error:
            if error.reason is not RejectReason.NO_CHANGE:
                raise

    async def _settings(self, where: dict[str, str]) -> dict[str, SymbolConfig]:
        call = Call("fapiPrivateGetSymbolConfig", where, Urgency.ASK, cost=CONFIG_COST)
        rows = await self._ask(call, lambda answer: read(answer, list[SymbolConfig]))
        return {row.symbol: row for row in rows}

    async def _assets(self) -> tuple[UsdmAsset, ...]:
        call = Call("fapiPrivateV3GetAccount", {}, Urgency.ASK, cost=ACCOUNT_COST)
        return await self._ask(call, lambda answer: read(answer, UsdmAccount).assets)


def margin_of(word: str) -> MarginMode:
    """Return a margin mode by the venue's word; raise `ShapeError`."""
    if word not in MARGIN_MODES:
        raise ShapeError(f"unknown margin mode: {word!r}")
    return MARGIN_MODES[word]


def payment_id(symbol: str, time_ms: int) -> str:
    """Name a funding payment alike by REST and by the stream, which tells no number."""
    return f"{symbol}@{time_ms // MINUTE_MS}"


def _flow_id(row: Income) -> str:
    return f"{row.income_type}-{row.tran_id}-{row.asset}"


def _leverages(answer: Any) -> dict[str, Decimal]:  # noqa: ANN401 - JSON
    return {
        row.symbol: Decimal(max((one.initial_leverage for one in row.brackets), default=1))
        for row in read(answer, list[Brackets])
    }


def _held(market: Market, rows: list[Risk], setting: SymbolConfig | None) -> list[VenuePosition]:
    if setting is None:
        raise ShapeError(f"no settings of {market.name} were told")
    leverage, mode = Decimal(setting.leverage), margin_of(setting.margin_type)
    found = [
        VenuePosition(
            symbol=market.symbol,
            lots=market.lots_of(row.position_amt),
            side=position_side_of(row.position_side),
            entry=number(row.entry_price),
            mark=number(row.mark_price),
            liquidation=number(row.liquidation_price),
            unrealised=number(row.un_realized_profit),
            leverage=leverage,
            margin_mode=mode,
        )
        for row in rows
    ]
    flat = VenuePosition(market.symbol, 0, leverage=leverage, margin_mode=mode)
    return [one for one in found if one.lots] or found[:1] or [flat]
