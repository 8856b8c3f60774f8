"""Reading the reference results in the shared data: Skender, tulip, the TA-Lib table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import zstandard
from numpy.typing import NDArray
from tests.data import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.features.indicators.registry import Indicator

Vector = NDArray[np.float64]
REFERENCE = SHARED / "reference"


@cache
def skender_bars() -> dict[str, Vector]:
    """Return the 502 daily bars behind Skender's results, with `series` = close."""
    with (REFERENCE / "skender-quotes" / "default.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("open", "high", "low", "close", "volume")
    }
    stamps = [datetime.fromisoformat(row["date"] + "+00:00").timestamp() * 1e3 for row in rows]
    return columns | {"series": columns["close"], "ts": np.array(stamps)}


@cache
def _skender_results() -> dict[str, dict[str, Any]]:
    with (REFERENCE / "skender-results.jsonl.zst").open("rb") as file:
        text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
        return {(row := json.loads(line))["indicator"]: row for line in text}


def skender(indicator: str, column: str) -> Vector:
    """Return one expected column, NaN where Skender has none."""
    table = _skender_results()[indicator]
    at = table["columns"].index(column)
    return np.array([np.nan if row[at] is None else row[at] for row in table["rows"]], np.float64)


@dataclass(frozen=True, slots=True)
class TulipCase:
    """One vector: the name with its options, all rows, and the printed precision of each row."""

    file: str
    title: str
    rows: tuple[Vector, ...]
    units: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.title.split()[0]

    @property
    def options(self) -> tuple[float, ...]:
        return tuple(float(word) for word in self.title.split()[1:])


def tulip_cases(file: str) -> Iterator[TulipCase]:
    """Yield the vectors of one file."""
    title, rows = "", []
    for raw in [*(REFERENCE / "tulip" / file).read_text().splitlines(), "end"]:
        line = raw.strip()
        if line.startswith("{"):
            rows.append([word.strip() for word in line.strip("{};").split(",") if word.strip()])
        elif line and not line.startswith("#"):
            if title and rows:
                columns = tuple(np.array(row, np.float64) for row in rows)
                yield TulipCase(file, title, columns, tuple(_unit(row) for row in rows))
            title, rows = line, []


def _unit(words: list[str]) -> float:
    """Return the value of the last printed decimal place."""
    return float(10.0 ** -max((len(word.partition(".")[2]) for word in words), default=0))


@cache
def talib_table() -> dict[str, Vector]:
    """Return the 173-function table and its inputs, by column name."""
    table = pq.read_table(REFERENCE / "talib-BTCUSDT-1h-2021-05.parquet")
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}


@cache
def talib_spec() -> list[dict[str, Any]]:
    """Return name, parameters, lookback and outputs of each function; none without the data."""
    path = REFERENCE / "talib-BTCUSDT-1h-2021-05.spec.json"
    spec: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    return spec


def run(indicator: Indicator, columns: dict[str, Vector], *params: float) -> tuple[Vector, ...]:
    """Compute with positional parameters, inputs taken by name."""
    return indicator.compute(
        tuple(columns[name] for name in indicator.inputs), indicator.bind(*params)
    )
