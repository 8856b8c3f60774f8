"""Take the steps with Binance's own modular client: config objects say where the venue is.

Its typed models check every answer: one that does not fit is logged, and the log must stay empty.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import lines
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError, ClientError
from binance_sdk_spot.spot import Spot

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOL = "BTCUSDT"
NAMES = {
    "id": "new_client_order_id", "side": "side", "type": "type", "qty": "quantity",
    "price": "price", "quote": "quote_order_qty", "stop": "stop_price", "tif": "time_in_force",
    "shown": "iceberg_qty",
}  # fmt: skip
CODES = {"Order cancel-replace partially failed.": -2021}
"""This client drops the code of what is answered with a 409."""
NUMBERS = frozenset({"qty", "price", "quote", "stop", "shown"})


def plain(answer: Any) -> Any:
    """Return a model, or a list of them, as the JSON it was read from."""
    data = answer.data()
    if isinstance(data, list):
        return [one.to_dict() for one in data]
    return data.to_dict()


class Trader:
    """One client and its two streams."""

    def __init__(self, rest: Any) -> None:
        """Trade with this client."""
        self.rest = rest
        self.streams = lines.Streams()

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its code."""
        try:
            return await asyncio.to_thread(getattr(self, do.replace(" ", "_")), values)
        except (BadRequestError, ClientError) as refusal:
            return {"code": refusal.status_code or CODES[refusal.error_message]}

    def new(self, values: dict[str, str]) -> Any:
        asked = {
            NAMES[name]: float(value) if name in NUMBERS else value
            for name, value in values.items()
        }
        made = self.rest.new_order(symbol=SYMBOL, new_order_resp_type="FULL", **asked)
        return lines.order(plain(made))

    def query(self, values: dict[str, str]) -> Any:
        found = self.rest.get_order(symbol=SYMBOL, orig_client_order_id=values["id"])
        return lines.order(plain(found))

    def cancel(self, values: dict[str, str]) -> Any:
        found = self.rest.delete_order(symbol=SYMBOL, orig_client_order_id=values["id"])
        return lines.order(plain(found))

    def replace(self, values: dict[str, str]) -> Any:
        made = self.rest.order_cancel_replace(
            symbol=SYMBOL, side=values["side"], type="LIMIT", time_in_force="GTC",
            quantity=float(values["qty"]), price=float(values["price"]),
            cancel_replace_mode="STOP_ON_FAILURE", cancel_orig_client_order_id=values["old"],
            new_client_order_id=values["id"],
        )  # fmt: skip
        return lines.order(plain(made)["newOrderResponse"])

    def pair(self, values: dict[str, str]) -> Any:
        made = self.rest.order_list_oco(
            symbol=SYMBOL, side=values["side"], quantity=float(values["qty"]),
            list_client_order_id=values["id"], above_type="LIMIT_MAKER",
            above_price=float(values["price"]), above_client_order_id=values["above"],
            below_type="STOP_LOSS_LIMIT", below_stop_price=float(values["stop"]),
            below_price=float(values["stop_price"]), below_time_in_force="GTC",
            below_client_order_id=values["below"],
        )  # fmt: skip
        return lines.pair(plain(made))

    def query_pair(self, values: dict[str, str]) -> Any:
        return lines.pair(plain(self.rest.get_order_list(orig_client_order_id=values["id"])))

    def cancel_pair(self, values: dict[str, str]) -> Any:
        ended = self.rest.delete_order_list(symbol=SYMBOL, list_client_order_id=values["id"])
        return lines.pair(plain(ended))

    def streamed_pairs(self, _values: dict[str, str]) -> Any:
        return self.streams.pairs

    def cancel_all(self, _values: dict[str, str]) -> Any:
        return lines.ids(plain(self.rest.delete_open_orders(symbol=SYMBOL)))

    def open_orders(self, _values: dict[str, str]) -> Any:
        return lines.ids(plain(self.rest.get_open_orders(symbol=SYMBOL)))

    def all_orders(self, _values: dict[str, str]) -> Any:
        return lines.orders(plain(self.rest.all_orders(symbol=SYMBOL)))

    def my_trades(self, _values: dict[str, str]) -> Any:
        return lines.trades(plain(self.rest.my_trades(symbol=SYMBOL)))

    def account(self, _values: dict[str, str]) -> Any:
        return lines.account(plain(self.rest.get_account()))

    def depth(self) -> Any:
        return plain(self.rest.depth(symbol=SYMBOL))

    def book(self, _values: dict[str, str]) -> Any:
        found = self.depth()
        return lines.touch(found["bids"], found["asks"])

    def streamed_book(self, _values: dict[str, str]) -> Any:
        last = self.depth()["lastUpdateId"]
        asyncio.run(lines.until(lambda: self.streams.last >= last))
        return self.streams.touch()

    def streamed_orders(self, _values: dict[str, str]) -> Any:
        asyncio.run(lines.until(lambda: "last-2" in self.streams.orders))
        return self.streams.orders


def raw(take: Callable[[dict[str, Any]], None]) -> Callable[[Any], None]:
    """Return what hands the models of a stream on as JSON."""

    def hand_on(event: Any) -> None:
        take(event if isinstance(event, dict) else event.to_dict())

    return hand_on


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    who = {"api_key": place["key"], "api_secret": place["secret"]}
    client = Spot(
        ConfigurationRestAPI(**who, base_path=place["http"]),
        ConfigurationWebSocketAPI(**who, stream_url=place["ws"] + "/ws-api/v3"),
        ConfigurationWebSocketStreams(stream_url=place["ws"]),
    )
    trader = Trader(client.rest_api)
    streams = await client.websocket_streams.create_connection()
    api = await client.websocket_api.create_connection()
    depth = await streams.diff_book_depth(symbol=SYMBOL.lower(), update_speed="100ms")
    depth.on("message", raw(trader.streams.depth))
    mine = await api.user_data_stream_subscribe_signature()
    mine.stream.on("message", raw(trader.streams.report))
    trader.streams.start(await asyncio.to_thread(trader.depth))
    await lines.walk(trader.take)
    await streams.close_connection(close_session=True)
    await api.close_connection(close_session=True)


if __name__ == "__main__":
    asyncio.run(main())
