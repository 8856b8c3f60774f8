"""Short ways of reading and printing texts of the wire give what the long ways give (R-QA)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from ballast.venues.simulated.fronts.binance.security import without_signature
from ballast.venues.simulated.fronts.numbers import Steps, fixed
from ballast.venues.simulated.wire.messages import encoded, pairs_of

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text(alphabet="ab=&%20+;é#?") | st.text())
def test_pairs_are_those_of_the_standard_library(text: str) -> None:
    assert pairs_of(text) == parse_qsl(text, keep_blank_values=True)


@given(VALUES)
@example({"id": "\ud800"})
@example([2**70, -(2**70)])
def test_what_is_encoded_is_read_as_it_was(value: Any) -> None:
    """Also halves of surrogate pairs and numbers beyond 64 bits: clients get their own back."""
    assert json.loads(encoded(value)) == value


@given(
    st.integers(0, 10**6), st.integers(0, 12), st.integers(-(10**15), 10**15), st.integers(0, 10)
)
def test_counts_of_a_step_are_printed_as_their_product(
    number: int, places: int, count: int, digits: int
) -> None:
    step = Decimal(number).scaleb(-places)
    assert Steps(step, digits).text(count) == fixed(step * count, digits)


@given(st.lists(st.sampled_from(["a=1", "signature=x", "signature=", "xsignature=1", "b", ""])))
def test_a_signature_is_taken_out_wherever_it_is(parts: list[str]) -> None:
    text = "&".join(parts)
    rest = "&".join(part for part in text.split("&") if not part.startswith("signature="))
    assert without_signature(text) == rest
