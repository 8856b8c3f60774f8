"""Take the steps with Binance's own client of USD-M: config objects say where the venue is.

Its typed models check every answer: one that does not fit is logged, and the log must stay empty.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import lines
import usdm_lines
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_common.errors import BadRequestError, ClientError
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = {"symbol": usdm_lines.SYMBOL}
NUMBERS = frozenset({"quantity", "price", "triggerPrice", "callbackRate"})
NAMES = {
    "POST order": "new_order", "GET order": "query_order", "PUT order": "modify_order",
    "DELETE order": "cancel_order", "POST algo": "new_algo_order", "GET algo": "query_algo_order",
    "DELETE algo": "cancel_algo_order", "open": "current_all_open_orders", "all": "all_orders",
    "open algo": "current_all_algo_open_orders", "all algo": "query_all_algo_orders",
    "positions": "position_information_v3", "balance": "futures_account_balance_v3",
    "config": "symbol_configuration", "book": "order_book",
}  # fmt: skip


def plain(answer: Any) -> Any:
    """Return a model, or a list of them, as the JSON it was read from."""
    data = answer.data()
    if isinstance(data, list):
        return [one.to_dict() for one in data]
    return data.to_dict()


def snake(asked: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as this client names them, and its numbers."""
    return {
        re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name): float(value)
        if name in NUMBERS
        else value
        for name, value in asked.items()
    }


class Futures:
    """How the client asks: each call takes a thread, for it waits for its answer."""

    def __init__(self, rest: Any) -> None:
        """Ask with this client."""
        self.rest = rest

    async def ask(self, name: str, **asked: Any) -> Any:
        return plain(await asyncio.to_thread(getattr(self.rest, name), **asked))

    async def order(self, method: str, asked: dict[str, Any]) -> Any:
        return await self.ask(NAMES[f"{method} order"], **snake(asked))

    async def algo(self, method: str, asked: dict[str, Any]) -> Any:
        return await self.ask(NAMES[f"{method} algo"], **snake(asked))

    async def rows(self, what: str) -> Any:
        return await self.ask(NAMES[what], **HERE)

    async def cancel_all(self) -> None:
        await self.ask("cancel_all_open_orders", **HERE)
        await self.ask("cancel_all_algo_open_orders", **HERE)

    async def setting(self, do: str, values: dict[str, str]) -> None:
        match do:
            case "leverage":
                await self.ask("change_initial_leverage", **HERE, leverage=int(values["to"]))
            case "margin":
                mode = usdm_lines.MARGINS[values["mode"]]
                await self.ask("change_margin_type", **HERE, margin_type=mode)
            case "mode":
                hedged = str(values["to"] == "hedge").lower()
                await self.ask("change_position_mode", dual_side_position=hedged)
            case _:
                more = {"amount": float(values["amount"]), "type": "1"}
                await self.ask("modify_isolated_position_margin", **HERE, **more)

    async def state(self, what: str) -> Any:
        return await self.ask(NAMES[what], **({} if what == "balance" else HERE))


class Trader:
    """The afternoon, and the two streams."""

    def __init__(self, rest: Any) -> None:
        """Trade with this client."""
        self.futures = Futures(rest)
        self.afternoon = usdm_lines.Afternoon(self.futures)
        self.streams = lines.Streams()

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step, or wait for what the streams tell of it; a refusal is its reason."""
        if do == "streamed book":
            last = (await self.futures.state("book"))["lastUpdateId"]
            await lines.until(lambda: self.streams.last >= last)
            return self.streams.touch()
        if do.startswith("streamed"):
            await lines.until(self.afternoon.is_done)
            return self.afternoon.streamed(do)
        try:
            return await self.afternoon.take(do, values)
        except (BadRequestError, ClientError) as refusal:
            return usdm_lines.refused(refusal.status_code)


def raw(take: Callable[[dict[str, Any]], None]) -> Callable[[Any], None]:
    """Return what hands the models of a stream on as JSON."""

    def hand_on(event: Any) -> None:
        take(event if isinstance(event, dict) else event.to_dict())

    return hand_on


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    who = {"api_key": place["key"], "api_secret": place["secret"]}
    client = DerivativesTradingUsdsFutures(
        ConfigurationRestAPI(**who, base_path=place["http"]),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=place["ws"]),
    )
    trader = Trader(client.rest_api)
    streams = await client.websocket_streams.create_connection()
    name = usdm_lines.SYMBOL.lower()
    depth = await streams.diff_book_depth_streams(symbol=name, update_speed="100ms")
    depth.on("message", raw(trader.streams.depth))
    key = (await trader.futures.ask("start_user_data_stream"))["listenKey"]
    mine = await streams.user_data(key)
    mine.on("message", raw(trader.afternoon.hear))
    trader.streams.start(await trader.futures.state("book"))
    await lines.walk(trader.take)
    await streams.close_connection(close_session=True)


if __name__ == "__main__":
    asyncio.run(main())
