"""The ccxt class of a venue with our hooks in it: budget, faults, shape of answers, venue time.

ccxt is imported inside `open_exchange`: it costs 0.8 s, which no other command should pay. Its own
rate limiter is replaced by `RateBudget` (it ignores 429 and Retry-After), its retries stay off, and
numbers stay text (`{"number": str}`) so that nothing is rounded on the way.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.core.instrument import Kind
from ballast.venues.download.budget import RateBudget
from ballast.venues.download.names import VenueName, venue_name
from ballast.venues.errors import VenueFaultError, VenueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from ballast.core.ports import Clock

TIMEOUT_MS = 20_000
"""Longest wait for one answer; the slowest honest one (5 MB of instruments) takes seconds."""
TOO_MANY_REQUESTS = 429
BANNED = 418
FIRST_SERVER_ERROR = 500
REFUSED = frozenset({403, 404, 451})
"""Forbidden, no such page, not in this country: asking again changes nothing."""
DEFAULT_RETRY_AFTER_S = 10.0
"""Pause after a throttling answer that does not say how long."""
WEIGHT_PER_MINUTE = {"binance": 6_000, "binanceusdm": 2_400}
"""What the venue's used-weight header is to be compared with."""
MINUTE_S = 60
SPOT_AND_SWAP = ("binance", "okx", "bybit")
_LINEAR = {"binance": "linear", "okx": "swap", "bybit": "linear"}


def load_ccxt() -> ModuleType:
    """Import ccxt, or say in one line how to get it."""
    try:
        import ccxt.async_support as ccxt  # noqa: PLC0415  slow: 0.8 s, and an extra
    except ImportError:
        raise UserError(
            "downloads need the package ccxt, which is not installed",
            fix='pip install "ballast[exchanges]"',
        ) from None
    module: ModuleType = ccxt
    return module


def find_venue(text: str) -> VenueName:
    """Resolve a venue's name against everything ccxt knows; raise `DataError` otherwise."""
    ccxt = load_ccxt()
    name = venue_name(text, list(ccxt.exchanges))
    if (
        name.kind is Kind.SPOT
        and not getattr(ccxt, name.ccxt_id)({"timeout_on_exit": 0}).has["spot"]
    ):
        return VenueName(name.name, name.ccxt_id, Kind.PERPETUAL)
    return name


def open_exchange(
    venue: VenueName,
    clock: Clock,
    *,
    base_url: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> tuple[Any, RateBudget]:
    """Return the hooked ccxt exchange (its type is ccxt's own, hence `Any`) and its budget.

    `base_url` sends every request to that host instead of the venue's: a proxy, a recorder, a test.
    """
    ccxt = load_ccxt()
    base: type[Any] = getattr(ccxt, venue.ccxt_id)
    settings: dict[str, Any] = {
        "number": str,
        "timeout": TIMEOUT_MS,
        "enableRateLimit": True,  # so that it asks `throttle`, which is ours
        "options": _options(venue),
        **(config or {}),
    }
    exchange = _hooked(base)(settings)
    if base_url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], base_url.rstrip("/"))
    budget = RateBudget.of_venue(1000.0 / exchange.rateLimit, clock)
    exchange.ballast_budget = budget
    return exchange, budget


def _options(venue: VenueName) -> dict[str, Any]:
    """Ask only for the markets that are wanted, and for no account data."""
    options: dict[str, Any] = {"fetchCurrencies": False, "fetchMargins": False}
    if venue.ccxt_id in SPOT_AND_SWAP:
        kind = "spot" if venue.kind is Kind.SPOT else _LINEAR[venue.ccxt_id]
        options["fetchMarkets"] = {"types": [kind]}
    options["defaultType"] = "spot" if venue.kind is Kind.SPOT else "swap"
    return options


def _moved(urls: Any, base_url: str) -> Any:  # noqa: ANN401  a tree of dicts, as ccxt has it
    """Replace scheme and host of every address, keep the path."""
    if isinstance(urls, dict):
        return {key: _moved(value, base_url) for key, value in urls.items()}
    path = str(urls).split("://", 1)[-1].partition("/")[2]
    return f"{base_url}/{path}" if path else base_url


def _hooked(base: type[Any]) -> type[Any]:
    """Return a subclass of a ccxt exchange that reports to us."""

    class Hooked(base):  # type: ignore[misc]  # the base is chosen at run time
        ballast_budget: RateBudget
        ballast_date_ms: int | None = None

        async def throttle(self, cost: float | None = None) -> None:
            await self.ballast_budget.acquire(1.0 if cost is None else float(cost))

        def on_rest_response(
            self,
            code: int,
            reason: str,
            url: str,
            method: str,
            response_headers: dict[str, str],
            response_body: str,
            request_headers: object,
            request_body: object,
        ) -> str:
            headers = {key.lower(): value for key, value in response_headers.items()}
            self.ballast_date_ms = _date_ms(headers) or self.ballast_date_ms
            _slow_down_if_near_limit(self.ballast_budget, base.__name__, headers)
            if code in {TOO_MANY_REQUESTS, BANNED}:
                wait_s = _seconds(headers.get("retry-after"))
                raise VenueFaultError(
                    "the venue throttles us"
                    if code == TOO_MANY_REQUESTS
                    else "the venue has banned this address",
                    status=code,
                    retry_after_s=DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s,
                )
            if code in REFUSED:
                raise VenueUnavailableError(
                    f"the venue refuses to serve this address (HTTP {code})",
                    where=base.__name__,
                    fix="a firewall, a country rule or a proxy stands in between",
                )
            if code >= FIRST_SERVER_ERROR:
                wait_s = _seconds(headers.get("retry-after"))
                raise VenueFaultError(
                    f"the venue answered HTTP {code} {reason}", status=code, retry_after_s=wait_s
                )
            body: str = super().on_rest_response(
                code,
                reason,
                url,
                method,
                response_headers,
                response_body,
                request_headers,
                request_body,
            )
            return body

        def handle_errors(self, *args: Any) -> Any:  # noqa: ANN401  passed through as they are
            result = super().handle_errors(*args)
            status, url, answer = int(args[0]), str(args[2]), args[6]
            if status < 400:  # noqa: PLR2004  first client error of HTTP
                _check_shape(url, answer)
            return result

    return Hooked


def _check_shape(url: str, answer: object) -> None:
    """Refuse an answer without the list that belongs in it: `{}` must not pass for "no bars"."""
    if not isinstance(answer, (dict, list)):
        raise VenueFaultError("the venue's answer is not JSON (cut off, or a page for people)")
    path = url.split("?", 1)[0].lower()
    asks_for_rows = any(
        word in path
        for word in ("kline", "candle", "ohlc", "fundingrate", "funding-rate", "funding/history")
    )
    if asks_for_rows and not _has_list(answer, depth=2):
        raise VenueFaultError("the venue's answer holds no list of rows")


def _has_list(answer: object, depth: int) -> bool:
    if isinstance(answer, list):
        return True
    if isinstance(answer, dict) and depth:
        return any(_has_list(value, depth - 1) for value in answer.values())
    return False


def _slow_down_if_near_limit(budget: RateBudget, ccxt_id: str, headers: Mapping[str, str]) -> None:
    """Sit out the minute when the venue says this address has used most of its weight.

    Another program behind the same address spends from the same limit; only the header shows it.
    """
    limit = WEIGHT_PER_MINUTE.get(ccxt_id)
    used = _seconds(headers.get("x-mbx-used-weight-1m"))
    at_ms = _date_ms(headers)
    if limit and used is not None and used >= 0.8 * limit and at_ms is not None:
        budget.pause(MINUTE_S - at_ms // 1000 % MINUTE_S)


def _seconds(text: str | None) -> float | None:
    """Read a header that holds a number, None if it is missing or something else."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _date_ms(headers: Mapping[str, str]) -> int | None:
    """Return the server's time from the Date header."""
    try:
        return round(parsedate_to_datetime(headers["date"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError):
        return None
