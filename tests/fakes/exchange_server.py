"""A local exchange: the public REST of Binance spot and USD-M, OKX and Bybit, with faults.

It serves the bars it is given in each venue's own shape and with each venue's own idea of a page:

    Binance  the FIRST `limit` bars with startTime <= open time <= endTime, oldest first
    OKX      the LAST `limit` bars with before < open time < after, newest first
    Bybit    the LAST `limit` bars with start <= open time <= end, newest first

All include the bar still forming at the venue's clock. Every request is logged; a fault is chosen
per request by `faults`, a function of the request's number and path.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from aiohttp import web

from ballast.core.time import Timeframe
from tests.fakes.exchange_rules import binance_rules, bybit_rules, okx_rules, usdm_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ballast.core.bars import Bars

OKX_BARS = {"1m": "1m", "5m": "5m", "15m": "15m", "1H": "1h", "4H": "4h", "1Dutc": "1d"}
BYBIT_BARS = {"1": "1m", "5": "5m", "15": "15m", "60": "1h", "240": "4h", "D": "1d", "W": "1w"}
MAX_PAGE = {"binance": 1000, "okx": 300, "bybit": 1000}
SPOILING = ("truncate", "empty_object", "html", "short", "duplicate", "shuffle", "hole", "garbage")


def never(_number: int, _path: str) -> str:
    """No faults."""
    return ""


@dataclass
class Logged:
    """One request as the venue saw it."""

    path: str
    query: dict[str, str]
    at_s: float
    status: int


@dataclass
class FakeExchange:
    """What the exchange holds, how it misbehaves, and what it was asked."""

    now_ms: int
    bars: dict[tuple[str, str], Bars] = field(default_factory=dict)
    """(symbol, timeframe) -> bars; a mark price series has the symbol `BTCUSDT.mark`."""
    funding: dict[str, NDArray[np.void]] = field(default_factory=dict)
    faults: Callable[[int, str], str] = never
    page_cap: int = 10_000
    ignore_end: bool = False
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT")
    clock_s: Callable[[], float] = lambda: 0.0
    listed_ms: int | None = None
    retry_after_s: int = 7
    raw: dict[str, Any] = field(default_factory=dict)
    """Path -> recorded answer, given instead of ours."""
    hung: threading.Event = field(default_factory=threading.Event)
    """Set when a request meets the fault "hang": the moment to kill the client."""
    log: list[Logged] = field(default_factory=list)

    def asked(self, *words: str) -> list[Logged]:
        """Return the logged requests whose path holds one of the words."""
        return [entry for entry in self.log if any(word in entry.path for word in words)]

    def select(
        self, symbol: str, timeframe: str, low: int, high: int, limit: int, *, newest: bool
    ) -> list[list[str]]:
        """Return rows with `low <= open time <= high`, as text, oldest first."""
        held = self.bars.get((symbol, timeframe))
        if held is None:
            return []
        stop = high if not self.ignore_end else self.now_ms
        chosen = np.flatnonzero((held.ts >= low) & (held.ts <= min(stop, self.now_ms)))
        limit = min(limit, self.page_cap)
        chosen = chosen[-limit:] if newest else chosen[:limit]
        return [
            [str(int(held.ts[i]))]
            + [
                np.format_float_positional(getattr(held, name)[i], trim="-")
                for name in ("open", "high", "low", "close", "volume")
            ]
            for i in chosen
        ]


def build_app(exchange: FakeExchange) -> web.Application:
    """Return the web application of all four venues."""
    routes: dict[str, Callable[[FakeExchange, dict[str, str]], Any]] = {
        "/api/v3/time": lambda e, _: {"serverTime": e.now_ms},
        "/fapi/v1/time": lambda e, _: {"serverTime": e.now_ms},
        "/api/v3/exchangeInfo": lambda e, _: {"symbols": [binance_rules(s) for s in e.symbols]},
        "/fapi/v1/exchangeInfo": lambda e, _: {
            "symbols": [usdm_rules(e.listed_ms, s) for s in e.symbols]
        },
        "/api/v3/klines": _binance_klines,
        "/fapi/v1/klines": _binance_klines,
        "/fapi/v1/markPriceKlines": lambda e, q: _binance_klines(e, q, suffix=".mark"),
        "/fapi/v1/fundingRate": _binance_funding,
        "/api/v5/public/time": lambda e, _: _okx([{"ts": str(e.now_ms)}]),
        "/api/v5/public/instruments": lambda e, q: _okx(
            [okx_rules(e.listed_ms, s, q) for s in e.symbols]
        ),
        "/api/v5/market/candles": _okx_candles,
        "/api/v5/market/history-candles": _okx_candles,
        "/api/v5/market/mark-price-candles": lambda e, q: _okx_candles(e, q, suffix=".mark"),
        "/api/v5/market/history-mark-price-candles": lambda e, q: _okx_candles(
            e, q, suffix=".mark"
        ),
        "/api/v5/public/funding-rate-history": _okx_funding,
        "/v5/market/time": lambda e, _: _bybit({"timeSecond": str(e.now_ms // 1000)}, e),
        "/v5/market/instruments-info": lambda e, q: _bybit(
            {
                "category": q["category"],
                "list": [bybit_rules(e.listed_ms, s) for s in e.symbols]
                if "status" not in q
                else [],
            },
            e,
        ),
        "/v5/market/kline": _bybit_kline,
        "/v5/market/mark-price-kline": lambda e, q: _bybit_kline(e, q, suffix=".mark"),
        "/v5/market/funding/history": _bybit_funding,
        "/v5/market/risk-limit": _bybit_risk,
    }

    async def handle(request: web.Request) -> web.StreamResponse:
        query = {key: value for key, value in request.query.items() if value}
        number = len(exchange.log)
        fault = exchange.faults(number, request.path)
        entry = Logged(request.path, query, exchange.clock_s(), 200)
        exchange.log.append(entry)
        refusal = _refusal(fault, exchange)
        if refusal is not None:
            entry.status = refusal.status
            return refusal
        if fault == "hang":
            exchange.hung.set()
            await asyncio.sleep(3_600)  # until the client is gone or the server ends
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        recorded = exchange.raw.get(request.path)
        answer = recorded or routes[request.path](exchange, query)
        return web.Response(text=_spoil(answer, fault), content_type="application/json")

    app = web.Application()
    for path in routes:
        app.router.add_get(path, handle)
    return app


async def serve(exchange: FakeExchange) -> tuple[web.AppRunner, str]:
    """Start on a free loopback port; return the runner (to clean up) and the base address."""
    runner = web.AppRunner(
        build_app(exchange), access_log=None, shutdown_timeout=0.01, handler_cancellation=True
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    await asyncio.sleep(0)
    return runner, f"http://{host}:{port}"


@contextmanager
def serving(exchange: FakeExchange) -> Iterator[str]:
    """Serve from a thread of its own, for clients in other processes; yield the base address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner, url = asyncio.run_coroutine_threadsafe(serve(exchange), loop).result()
    try:
        yield url
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _refusal(fault: str, exchange: FakeExchange) -> web.Response | None:
    after = {"Retry-After": str(exchange.retry_after_s)}
    match fault:
        case "429":
            return web.json_response({"code": -1003, "msg": "Too many"}, status=429, headers=after)
        case "418":
            return web.json_response({"code": -1003, "msg": "banned"}, status=418, headers=after)
        case "500" | "503" | "502":
            return web.Response(text="<html>oops</html>", status=int(fault))
        case "451":
            return web.json_response({"code": 0, "msg": "restricted location"}, status=451)
        case _:
            return None


def _rows_of(answer: Any) -> list[Any] | None:
    """Return the list of rows inside an answer, to spoil in place."""
    if isinstance(answer, list):
        return answer
    rows = answer.get("data") or (answer.get("result") or {}).get("list")
    return rows if isinstance(rows, list) and rows and isinstance(rows[0], list) else None


def _spoil(answer: Any, fault: str) -> str:
    rows = _rows_of(answer)
    if fault == "empty_object":
        return "{}"
    if fault == "html":
        return "<html>maintenance</html>"
    if rows and len(rows) > 2:
        match fault:
            case "short":
                del rows[len(rows) // 2 :]
            case "duplicate":
                rows.insert(1, rows[0])
            case "shuffle":
                rows.reverse()
                rows.insert(0, rows.pop(len(rows) // 2))
            case "hole":
                del rows[len(rows) // 2]
            case "garbage":
                rows[1][4] = "NaN"
    text = json.dumps(answer)
    return text[: len(text) * 2 // 3] if fault == "truncate" else text


def _binance_klines(exchange: FakeExchange, query: dict[str, str], suffix: str = "") -> Any:
    low, high = int(query.get("startTime", 0)), int(query.get("endTime", exchange.now_ms))
    limit = min(int(query.get("limit", 500)), MAX_PAGE["binance"])
    rows = exchange.select(
        query["symbol"] + suffix, query["interval"], low, high, limit, newest=False
    )
    length = Timeframe.parse(query["interval"]).ms
    tail = ["1.0", 10, "0.5", "0.5", "0"]
    return [[int(row[0]), *row[1:], int(row[0]) + length - 1, *tail] for row in rows]


def _okx_candles(exchange: FakeExchange, query: dict[str, str], suffix: str = "") -> Any:
    symbol = "".join(query["instId"].split("-")[:2]) + suffix
    low, high = int(query.get("before", -1)) + 1, int(query.get("after", exchange.now_ms + 1)) - 1
    limit = min(int(query.get("limit", 100)), 100 if suffix else MAX_PAGE["okx"])
    rows = exchange.select(symbol, OKX_BARS[query["bar"]], low, high, limit, newest=True)
    if suffix:
        return _okx([[*row[:5], "1"] for row in reversed(rows)])
    # contracts, base volume, quote volume, confirmed
    spot = query["instId"].count("-") == 1
    return _okx(
        [
            [*row[:5], *((row[5], "9", "9") if spot else ("77", row[5], "9")), "1"]
            for row in reversed(rows)
        ]
    )


def _bybit_kline(exchange: FakeExchange, query: dict[str, str], suffix: str = "") -> Any:
    timeframe = BYBIT_BARS[query["interval"]]
    low, high = int(query.get("start", 0)), int(query.get("end", exchange.now_ms))
    limit = min(int(query.get("limit", 200)), MAX_PAGE["bybit"])
    rows = exchange.select(query["symbol"] + suffix, timeframe, low, high, limit, newest=True)
    width = 5 if suffix else 6
    kept = [row[:width] + ([] if suffix else ["1.0"]) for row in reversed(rows)]
    return _bybit(
        {"category": query["category"], "symbol": query["symbol"], "list": kept}, exchange
    )


def _funding_rows(exchange: FakeExchange, symbol: str, low: int, high: int) -> list[Any]:
    rows = exchange.funding.get(symbol)
    if rows is None:
        return []
    return [row for row in rows if low <= row["at_ms"] <= high]


def _binance_funding(exchange: FakeExchange, query: dict[str, str]) -> Any:
    low, high = int(query.get("startTime", 0)), int(query.get("endTime", exchange.now_ms))
    rows = _funding_rows(exchange, query["symbol"], low, high)[: int(query.get("limit", 100))]
    return [
        {
            "symbol": query["symbol"],
            "fundingTime": int(row["at_ms"]),
            "fundingRate": repr(float(row["rate"])),
            "markPrice": "" if np.isnan(row["mark"]) else repr(float(row["mark"])),
        }
        for row in rows
    ]


def _okx_funding(exchange: FakeExchange, query: dict[str, str]) -> Any:
    symbol = "".join(query["instId"].split("-")[:2])
    low, high = int(query.get("before", -1)) + 1, int(query.get("after", 2**62)) - 1
    rows = _funding_rows(exchange, symbol, low, high)[-min(int(query.get("limit", 100)), 100) :]
    return _okx(
        [
            {
                "instId": query["instId"],
                "fundingTime": str(int(row["at_ms"])),
                "fundingRate": repr(float(row["rate"])),
                "realizedRate": repr(float(row["rate"])),
            }
            for row in reversed(rows)
        ]
    )


def _bybit_funding(exchange: FakeExchange, query: dict[str, str]) -> Any:
    low, high = int(query.get("startTime", 0)), int(query.get("endTime", 2**62))
    rows = _funding_rows(exchange, query["symbol"], low, high)
    rows = rows[-min(int(query.get("limit", 200)), 200) :]
    listed = [
        {
            "symbol": query["symbol"],
            "fundingRate": repr(float(row["rate"])),
            "fundingRateTimestamp": str(int(row["at_ms"])),
        }
        for row in reversed(rows)
    ]
    return _bybit({"category": "linear", "list": listed}, exchange)


def _bybit_risk(exchange: FakeExchange, query: dict[str, str]) -> Any:
    tiers = [("2000000", "0.005", "100"), ("10000000", "0.01", "50"), ("20000000", "0.02", "25")]
    listed = [
        {
            "id": place + 1,
            "symbol": query["symbol"],
            "riskLimitValue": cap,
            "maintenanceMargin": rate,
            "initialMargin": str(1 / float(leverage)),
            "isLowestRisk": int(place == 0),
            "maxLeverage": leverage,
        }
        for place, (cap, rate, leverage) in enumerate(tiers)
    ]
    return _bybit({"category": "linear", "list": listed}, exchange)


def _okx(data: list[Any]) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": data}


def _bybit(result: dict[str, Any], exchange: FakeExchange) -> dict[str, Any]:
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": result,
        "retExtInfo": {},
        "time": exchange.now_ms,
    }
