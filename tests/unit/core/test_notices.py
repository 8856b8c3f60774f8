"""Announcements as they are written: read strictly, or named as what they are not (R-DATA-23)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import DataError
from ballast.core.notices import (
    LONGEST_MS,
    NOTICES_MOST,
    SYMBOLS_MOST,
    TEXT_MOST,
    Notice,
    heard_in,
    notice_of,
    notice_of_line,
)

NOW = 1_796_000_000_000
CPI = {"name": "cpi", "text": "US CPI", "until": NOW + 1}


def test_a_line_as_the_page_shows_it_is_read() -> None:
    line = (
        '{"name": "cpi", "text": "US CPI", "until": "2026-12-10T14:30:00Z",'
        ' "symbols": ["btcusdt", "ETHUSDT", "BTCUSDT"], "tightens": true}'
    )
    found = notice_of_line(line, "a line", NOW)
    assert found == Notice("cpi", "US CPI", 1_796_913_000_000, ("BTCUSDT", "ETHUSDT"), True)
    assert notice_of_line('{"name": "cpi", "over": true}', "a line", NOW) == Notice("cpi")


GOOD: list[tuple[dict[str, Any], Notice]] = [
    (CPI, Notice("cpi", "US CPI", NOW + 1)),
    (CPI | {"until": 1}, Notice("cpi", "US CPI", 1)),  # of the past: it withdraws
    (CPI | {"until": NOW + LONGEST_MS}, Notice("cpi", "US CPI", NOW + LONGEST_MS)),
    (CPI | {"until": "2026-11-30"}, Notice("cpi", "US CPI", 1_795_996_800_000)),
    (CPI | {"text": "  War?  "}, Notice("cpi", "War?", NOW + 1)),
    (CPI | {"name": "a" * 64}, Notice("a" * 64, "US CPI", NOW + 1)),
    (CPI | {"symbols": []}, Notice("cpi", "US CPI", NOW + 1)),
]


@pytest.mark.parametrize(("plain", "found"), GOOD)
def test_what_is_whole_is_taken(plain: dict[str, Any], found: Notice) -> None:
    assert notice_of(plain, "here", NOW) == found


BAD: list[tuple[Any, str]] = [
    # what is written, what the line says of it
    ([], "is no announcement"),
    ("cpi", "is no announcement"),
    (None, "is no announcement"),
    ({}, "name is missing"),
    (CPI | {"name": ""}, 'name is ""'),
    (CPI | {"name": "a b"}, "name is"),
    (CPI | {"name": "a" * 65}, "name is"),
    (CPI | {"name": 7}, "name is 7"),
    (CPI | {"text": ""}, "text is"),
    (CPI | {"text": "two\nlines"}, "text is"),
    (CPI | {"text": "\x1b[31mred"}, "text is"),
    (CPI | {"text": "x" * (TEXT_MOST + 1)}, "text has 201 characters"),
    (CPI | {"until": "soon"}, "until is"),
    (CPI | {"until": True}, "until is"),
    (CPI | {"until": 0}, "until is 0"),
    (CPI | {"until": -5}, "until is -5"),
    (CPI | {"until": 1.5}, "until is 1.5"),
    (CPI | {"until": 10**30}, "at most 31 days"),
    (CPI | {"until": NOW + LONGEST_MS + 1}, "at most 31 days"),
    ({"name": "cpi", "text": "US CPI"}, "until is missing"),
    (CPI | {"symbols": "BTCUSDT"}, "symbols is"),
    (CPI | {"symbols": ["BTC USDT"]}, "is no symbol"),
    (CPI | {"symbols": [1]}, "is no symbol"),
    (CPI | {"symbols": ["A"] * (SYMBOLS_MOST + 1)}, "symbols is"),
    (CPI | {"tightens": 1}, "tightens is 1"),
    (CPI | {"over": True}, "over stands beside something"),
    ({"name": "cpi", "over": False}, "over stands beside something"),
    (CPI | {"unitl": 5}, "unknown: unitl"),
]


@pytest.mark.parametrize(("plain", "said"), BAD)
def test_what_is_not_is_named_in_one_line(plain: Any, said: str) -> None:
    with pytest.raises(DataError, match="here: ") as error:
        notice_of(plain, "here", NOW)
    assert said in error.value.line()
    assert "\n" not in error.value.line()
    assert len(error.value.line()) < 300


@pytest.mark.parametrize("line", ["", "{", "[]", "nan", '{"name": "a", "name": "b"}', "{}{}"])
def test_a_line_that_is_no_object_is_named(line: str) -> None:
    with pytest.raises(DataError, match="here"):
        notice_of_line(line, "here", NOW)


def test_an_answer_keeps_what_is_good_of_it() -> None:
    found = heard_in(json.dumps({"events": [CPI, {"name": "x"}, CPI]}), "feed", NOW)
    assert [one.name for one in found.notices] == ["cpi", "cpi"]
    (fault,) = found.faults
    assert fault.startswith("feed event 2: text is missing")


@pytest.mark.parametrize(
    "answer", ["", "<html>", "{}", '{"events": {}}', '{"events": [], "more": 1}', "[]"]
)
def test_an_answer_that_is_no_list_is_no_answer(answer: str) -> None:
    with pytest.raises(DataError, match="feed"):
        heard_in(answer, "feed", NOW)


def test_an_answer_is_bounded() -> None:
    with pytest.raises(DataError, match="at most 1000"):
        heard_in(json.dumps({"events": [CPI] * (NOTICES_MOST + 1)}), "feed", NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*CPI, "symbols", "tightens", "over", "x"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_written_is_read_or_named(plain: Any) -> None:
    """R-GATE-01: never a crash; and what was read reads back as itself."""
    try:
        found = notice_of(plain, "here", NOW)
    except DataError:
        return
    assert notice_of(found.plain, "here", NOW) == found


@given(st.text(max_size=60))
def test_whatever_text_comes_is_read_or_named(line: str) -> None:
    try:
        notice_of_line(line, "here", NOW)
    except DataError:
        return
