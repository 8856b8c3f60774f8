"""Questions: one account's rows of OKX, page by page, and the markets they are about."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.errors import InternalError
from ballast.core.orders import RejectReason
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.access import cost_of
from ballast.venues.clients.okx.requests import refused
from ballast.venues.clients.okx.rules import markets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.market import Market

PAGE = 100
PAGES_MOST = 1_000
"""Pages of one question: more are a sign that the venue repeats itself."""
MS_NS = 1_000_000
UNREADABLE = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
"""What reading an answer of another shape raises."""


class Questions:
    """Asks for rows. `markets` are by our symbols, filled by `load`."""

    def __init__(self, asker: Asker, now_ns: Callable[[], int], inst_type: str) -> None:
        """Ask about instruments of a type, `SPOT` or `SWAP`."""
        self.asker = asker
        self.now_ns = now_ns
        self.inst_type = inst_type
        self.markets: dict[str, Market] = {}
        self.groups: dict[str, str] = {}
        """The fee group of a symbol."""

    async def load(self) -> None:
        """Ask for the trading rules of all instruments."""
        rows = await self.rows(read("publicGetPublicInstruments", 20, instType=self.inst_type))
        markets: dict[str, Market] = {}
        for one in markets_of(rows):
            markets.setdefault(one.symbol, one)
        if not markets:
            raise CallError(Verdict.UNCLEAR, f"no instruments of {self.inst_type}")
        groups = {str(row.get("instId")): str(row.get("groupId") or "") for row in rows}
        self.markets = markets
        self.groups = {one.symbol: groups.get(one.name, "") for one in markets.values()}

    def market(self, symbol: str) -> Market:
        """Return a market; raise `CallError` for one that is not listed."""
        found = self.markets.get(symbol)
        if found is None:
            raise refused(f"{symbol} is not listed", RejectReason.UNKNOWN_SYMBOL)
        return found

    async def rows(self, call: Call) -> list[dict[str, Any]]:
        """Return the rows of an answer; raise `CallError`, also for an answer without any list."""
        return [row for row in await self._data(call) if isinstance(row, dict)]

    async def lists(self, call: Call) -> list[list[Any]]:
        """Return the rows of an answer that come as lists."""
        return [row for row in await self._data(call) if isinstance(row, list)]

    async def _data(self, call: Call) -> list[Any]:
        answer = await self.asker.ask(call)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            raise CallError(Verdict.UNCLEAR, f"{call.method}: an answer without data")
        return data

    async def row(self, call: Call) -> dict[str, Any]:
        """Return the only row of an answer; raise `CallError` where there is none."""
        found = await self.rows(call)
        if not found:
            raise CallError(Verdict.UNCLEAR, f"{call.method}: an answer without a row")
        return found[0]

    async def pages(self, call: Call, place: str) -> list[dict[str, Any]]:
        """Return the rows of all pages, the newest first; `place` is the field one pages by."""
        found: list[dict[str, Any]] = []
        last = ""
        for _ in range(PAGES_MOST):
            page = await self.rows(with_params(call, after=last) if last else call)
            found += page
            if len(page) < PAGE:
                return found
            before, last = last, str(page[-1].get(place) or "")
            if last in {"", before}:
                break
        raise CallError(Verdict.UNCLEAR, f"{call.method}: pages without an end")

    def now_ms(self) -> int:
        """Return the venue's time."""
        return self.asker.now_ms()


def read(method: str, allows: float, urgency: Urgency = Urgency.ROUTINE, /, **params: str) -> Call:
    """Return a question about an end point that allows so many calls in two seconds."""
    return Call(method, params, urgency, cost=cost_of(allows))


def with_params(call: Call, **params: str) -> Call:
    """Return a question with more parameters."""
    if isinstance(call.params, tuple):
        raise InternalError(f"{call.method} asks with a list of parameters")
    return replace(call, params={**call.params, **params})


def asks_of(market: Market) -> dict[str, str]:
    """Return the parameters that name an instrument and its type."""
    kind = words.SWAP if market.is_perpetual else words.SPOT
    return {"instType": kind, "instId": market.name}


def chosen(
    names: dict[str, Market], rows: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], Market]]:
    """Return the rows of instruments that are asked for, each with its market."""
    found = []
    for row in rows:
        market = names.get(str(row.get("instId")))
        if market is not None:
            found.append((row, market))
    return found


@contextmanager
def legible() -> Iterator[None]:
    """Turn what cannot be read out of a venue's rows into a `CallError`."""
    try:
        yield
    except UNREADABLE as error:
        raise CallError(Verdict.UNCLEAR, f"a row that cannot be read: {error!r}") from error
