"""Rows of Binance USD-M, as its documents name them."""

from __future__ import annotations

from ballast.venues.clients.binance.rows import Row, ShapeError


class UsdmOrder(Row):
    """An order that rests or trades, or did."""

    order_id: int
    status: str
    executed_qty: str
    orig_qty: str
    price: str
    type: str
    side: str
    client_order_id: str
    symbol: str = ""
    time_in_force: str = "GTC"
    update_time: int = 0
    time: int = 0


class AlgoOrder(Row):
    """A conditional order, until its price comes and after."""

    algo_id: int
    client_algo_id: str
    algo_status: str
    order_type: str
    side: str
    symbol: str = ""
    quantity: str = ""
    price: str = ""
    trigger_price: str = ""
    actual_order_id: str | int | None = ""
    actual_qty: str = ""
    create_time: int = 0
    update_time: int = 0

    @property
    def child(self) -> int:
        """Return the number of the order it became; 0: none yet."""
        return whole_of(self.actual_order_id)


class AlgoCancelled(Row):
    """The answer to a cancel: it tells nothing of the order."""

    algo_id: int
    client_algo_id: str = ""


class UsdmTrade(Row):
    """A trade of the account."""

    id: int
    order_id: int
    side: str
    position_side: str
    price: str
    qty: str
    realized_pnl: str
    commission: str
    commission_asset: str
    time: int
    maker: bool


class UsdmAsset(Row):
    """An asset of the wallet."""

    asset: str
    wallet_balance: str
    available_balance: str
    margin_balance: str


class UsdmAccount(Row):
    """The wallet."""

    assets: tuple[UsdmAsset, ...]


class AccountConfig(Row):
    """What the account may do, and how it is set."""

    can_trade: bool
    dual_side_position: bool
    multi_assets_margin: bool = False


class Risk(Row):
    """A position; only symbols with one, or with open orders, have a row."""

    symbol: str
    position_side: str
    position_amt: str
    entry_price: str
    mark_price: str
    un_realized_profit: str
    liquidation_price: str = ""


class SymbolConfig(Row):
    """How a symbol is set for the account."""

    symbol: str
    margin_type: str
    leverage: int


class PositionMode(Row):
    """Whether long and short are held side by side."""

    dual_side_position: bool


class CommissionRate(Row):
    """Fees of the account for a symbol."""

    maker_commission_rate: str
    taker_commission_rate: str


class Income(Row):
    """A change of the wallet."""

    symbol: str
    income_type: str
    income: str
    asset: str
    time: int
    tran_id: int


class Bracket(Row):
    """One bracket of leverage."""

    initial_leverage: int


class Brackets(Row):
    """The brackets of a symbol."""

    symbol: str
    brackets: tuple[Bracket, ...]


class ListenKey(Row):
    """What names a user's stream."""

    listen_key: str


def whole_of(text: str | int | None) -> int:
    """Return a number that is sometimes text, sometimes empty: 0 for none; raise `ShapeError`."""
    if text in {"", None}:
        return 0
    word = str(text)
    if not (word.isascii() and word.isdigit()):
        raise ShapeError(f"{word!r} is no number of an order")
    return int(word)
