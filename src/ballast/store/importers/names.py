"""What a file name says: venue, symbol, timeframe, content.

Known ways of naming: `BINANCE-BTCUSDT-1h.parquet` (ours), `BTC_USDT-1h.json` and
`BTC_USDT_USDT-1h-mark.feather` (freqtrade), `BTCUSDT-1m-2023-02.zip` and
`BTCUSDT-aggTrades-2024-10-18.zip` (Binance archive), `Coinbase_BTCUSD_1h.csv`
(CryptoDataDownload). What the name does not say stays None; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from ballast.core.time import Timeframe
from ballast.store.importers.model import Content

_SUFFIXES = (
    ".gz", ".zst", ".zip", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".feather",
)  # fmt: skip
_TIMEFRAME = re.compile(r"^(\d{0,4})(s|m|min|minute|h|hour|d|day|w|week)s?$")
_CONTENT = {
    "mark": Content.MARK,
    "markpriceklines": Content.MARK,
    "funding": Content.FUNDING,
    "funding_rate": Content.FUNDING,
    "fundingrate": Content.FUNDING,
    "trades": Content.TRADES,
    "aggtrades": Content.TRADES,
}
_NOISE = frozenset(
    {
        "klines", "candles", "candle", "spot", "futures", "um", "cm", "perp", "freqtrade", "csv",
        "cryptodatadownload", "tardis", "data", "ohlcv", "raw",
    }
)  # fmt: skip
_QUOTES = frozenset(
    {
        "USDT", "USDC", "USD", "BUSD", "FDUSD", "TUSD", "EUR", "GBP", "JPY", "TRY", "BTC", "ETH",
        "BNB", "DAI",
    }
)  # fmt: skip
_VENUES = frozenset(
    {
        "binance", "binanceus", "binanceusdm", "binancecoinm", "okx", "bybit", "kraken",
        "krakenfutures", "coinbase", "kucoin", "gate", "gateio", "bitget", "hyperliquid", "ftx",
        "bitfinex", "bitmex", "deribit", "htx", "huobi", "mexc", "bitstamp", "gemini", "bitvavo",
        "cryptocom", "poloniex", "bittrex",
    }
)  # fmt: skip
_WHOLE_PERIOD = re.compile(r"^[A-Z0-9_]+-(aggTrades|trades)-\d{4}-\d{2}(-\d{2})?\.(csv|zip)$")


@dataclass(frozen=True, slots=True)
class Named:
    """The meaning of a file name; None where it is silent."""

    venue: str | None = None
    symbol: str | None = None
    timeframe: Timeframe | None = None
    content: Content | None = None


def parse_name(path: PurePath) -> Named:
    """Return what the name of a file says."""
    stem = path.name
    while stem.lower().endswith(_SUFFIXES):
        stem = stem.rpartition(".")[0]
    words = [word for word in stem.split("-") if word]
    named = _split(words, path)
    if named is None and words:
        named = _split([word for word in words[-1].split("_") if word], path)
    return named or Named()


def is_whole_period(name: str) -> bool:
    """Say whether this is a Binance archive file: all trades of a day or a month."""
    return _WHOLE_PERIOD.match(PurePath(name).name) is not None


def read_timeframe(word: str) -> Timeframe | None:
    """Read `1h`, `1hour`, `5min`, `d`; None for anything else."""
    match = _TIMEFRAME.match(word.lower())
    if match is None or not (match[1] or match[2] in ("d", "day", "h", "hour", "minute")):
        return None
    return Timeframe.parse(f"{int(match[1] or 1)}{match[2][0]}")


def _split(words: list[str], path: PurePath) -> Named | None:
    """Find the word of the timeframe or the content; symbol and venue stand before it."""
    for at in range(1, len(words)):
        timeframe = read_timeframe(words[at])
        content = _CONTENT.get(words[at].lower())
        if timeframe is None and content is None:
            continue
        for later in words[at + 1 :]:
            timeframe = timeframe or read_timeframe(later)
            content = content or _CONTENT.get(later.lower())
        symbol, before = _symbol([word for word in words[:at] if word.lower() not in _NOISE])
        venue = before or _folder_venue(path, symbol)
        return Named(venue and venue.upper(), symbol, timeframe, content)
    return None


def _symbol(words: list[str]) -> tuple[str | None, str | None]:
    """Return (symbol, venue) of the words before the timeframe."""
    if not words:
        return None, None
    symbol, rest = words[-1], words[:-1]
    if symbol.upper() in _QUOTES and rest:
        symbol, rest = f"{rest[-1]}-{symbol}", rest[:-1]
    elif "_" in symbol:
        base, _, quote = symbol.partition("_")
        symbol = f"{base}/{quote.replace('_', ':', 1)}"
    return symbol, rest[-1] if rest else None


def _folder_venue(path: PurePath, symbol: str | None) -> str | None:
    """Return the venue that freqtrade names by the folder: `binance/BTC_USDT-1h.json`."""
    if symbol is None or "/" not in symbol:
        return None
    for folder in list(path.parts[:-1])[:-3:-1]:
        if folder.lower() in _VENUES:
            return folder
    return None
