"""Reading an exchange's instrument list: recognised by its shape, dated by itself or its name."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.time import parse_ms
from ballast.store.importers.unpack import open_parts
from ballast.store.metadata.binance import read_exchange_info, read_leverage_tiers
from ballast.store.metadata.okx import read_okx
from ballast.store.metadata.others import read_bybit, read_coinbase, read_kraken

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.store.metadata.model import Metadata

_DATE = re.compile(r"(20\d{2}-\d{2}-\d{2})")
KNOWN = "exchangeInfo of Binance, instruments of OKX, symbols of Bybit, AssetPairs of Kraken, "
KNOWN += "products of Coinbase, or leverage tiers as ccxt writes them"


def read_metadata(
    path: Path, *, venue: str | None = None, from_ms: int | None = None
) -> list[Metadata]:
    """Read instrument lists or leverage tiers, one result a venue, each with its date.

    The date they are valid from is `from_ms`, else the one in the document, else the one in the
    file's name; raise `DataError` if there is none or the document is of no known shape.
    """
    dated = _DATE.search(path.name)
    named_ms = parse_ms(dated[1]) if dated else None
    pages = [
        page
        for part in open_parts(path)
        for page in _recognise(_document(part.data, part.source), part.source, venue, named_ms)
    ]
    for page in pages:
        page.at_ms = from_ms if from_ms is not None else (page.at_ms or named_ms)
        if page.at_ms is None:
            raise DataError(
                "the file does not say when its rules were valid",
                where=str(path),
                fix="give --from 2024-01-31",
            )
    return pages


def _document(data: bytes, source: str) -> Any:  # noqa: ANN401 - JSON values are of any type
    try:
        return json.loads(data, parse_float=Decimal)
    except ValueError as error:
        raise DataError(f"not JSON: {error}", where=source, expected=KNOWN) from None


def _recognise(
    document: Any,  # noqa: ANN401 - JSON values are of any type
    source: str,
    venue: str | None,
    at_ms: int | None,
) -> list[Metadata]:
    try:
        found = _by_shape(document, venue, at_ms)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise DataError(
            f"the instrument list is incomplete: {type(error).__name__} {error}", where=source
        ) from error
    if not found:
        raise DataError("no known list of instruments", where=source, expected=KNOWN)
    return found


def _by_shape(document: Any, venue: str | None, at_ms: int | None) -> list[Metadata]:  # noqa: ANN401
    """Return what the document holds; nothing if its shape is of no known exchange."""
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return _rows(document, venue, at_ms)
    if not isinstance(document, dict):
        return []
    if "symbols" in document or "ret_code" in document:
        parse = read_exchange_info if "symbols" in document else read_bybit
        return [parse(document, venue)]
    if "data" in document and "code" in document:
        return read_okx(document["data"], venue, at_ms)
    if "SPOT" in document or "SWAP" in document:
        pages = (page["response"]["data"] for page in document.values())
        return read_okx([row for page in pages for row in page], venue, at_ms)
    return _by_symbol(document.get("result", document), venue, at_ms)


def _rows(rows: list[dict[str, Any]], venue: str | None, at_ms: int | None) -> list[Metadata]:
    if "base_increment" in rows[0]:
        return [read_coinbase(rows, venue, at_ms)]
    return read_okx(rows, venue, at_ms) if "instId" in rows[0] else []


def _by_symbol(pairs: Any, venue: str | None, at_ms: int | None) -> list[Metadata]:  # noqa: ANN401
    first = next(iter(pairs.values()), None) if isinstance(pairs, dict) else None
    if isinstance(first, dict) and "pair_decimals" in first:
        return [read_kraken(pairs, venue, at_ms)]
    if isinstance(first, list) and first and "maintenanceMarginRate" in first[0]:
        return [read_leverage_tiers(pairs, venue)]
    return []
