"""Time: what is printed reads back; periods are half open; nonsense is one clear line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS, Timeframe, format_ms, parse_ms, parse_period

instants = st.integers(0, 4_102_444_800)  # seconds up to 2100


@given(st.integers(1, 99_999), st.sampled_from("smhdw"))
def test_timeframe_prints_and_reads_back(count: int, unit: str) -> None:
    frame = Timeframe.parse(f"{count}{unit}")
    assert Timeframe(frame.ms) == frame
    assert Timeframe.parse(str(frame)) == frame if len(str(frame)) <= 6 else True


@given(instants)
def test_instant_prints_and_reads_back(seconds: int) -> None:
    at_ms = seconds * 1000
    printed = format_ms(at_ms)
    assert parse_ms(printed.replace(" ", "T")) == at_ms
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert printed.startswith(expected.strftime("%Y-%m-%d %H:%M"))


@given(instants, st.integers(1, 1000))
def test_period_forms_agree(seconds: int, days: int) -> None:
    start = seconds * 1000 // DAY_MS * DAY_MS
    stop = start + days * DAY_MS
    first, last = (format_ms(one)[:10] for one in (start, stop))
    assert parse_period(f"{first}..{last}") == (start, stop)
    assert parse_period(f"{first}:{last}") == (start, stop)
    old = f"{first.replace('-', '')}-{last.replace('-', '')}"
    assert parse_period(old) == (start, stop)
    assert parse_period(f"{first}..") == (start, None)
    assert parse_period(f"..{last}") == (None, stop)


@pytest.mark.parametrize("text", ["", "h", "0h", "1.5h", "-1h", "1y", "100000m", "1 h", "1H"])
def test_nonsense_is_no_timeframe(text: str) -> None:
    with pytest.raises(UserError, match="is not a timeframe"):
        Timeframe.parse(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "2024-02-30", "20241301", "1"])
def test_nonsense_is_no_date(text: str) -> None:
    with pytest.raises(UserError, match="is not a date"):
        parse_ms(text)


@pytest.mark.parametrize("text", ["", "-", "2024", "2024-01-02..2024-01-01", "a..b"])
def test_nonsense_is_no_period(text: str) -> None:
    with pytest.raises(UserError):
        parse_period(text)


def test_zones_are_converted() -> None:
    assert parse_ms("2024-01-01T02:00+02:00") == parse_ms("2024-01-01") == 1_704_067_200_000
    assert parse_ms("2024-01-01T00:00Z") == parse_ms("1704067200000")
