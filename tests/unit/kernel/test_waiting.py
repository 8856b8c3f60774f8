"""Waiting for the next entry signal, eight bytes at a time, is waiting for it byte by byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.jit import jit
from ballast.core.memory import Binding
from ballast.core.records import Signal
from ballast.kernel.waiting import next_entry

ENTRIES = int(Signal.ENTER_LONG | Signal.ENTER_SHORT)


@jit
def ask(signals: int, bar: int, last: int) -> int:
    return next_entry(signals, bar, last)


@given(
    st.lists(st.sampled_from([0] * 12 + [1, 2, 4, 8, 16, 32, 63, 58]), min_size=1, max_size=60),
    st.data(),
)
def test_the_next_entry_is_the_first_byte_with_an_entry_bit(
    row: list[int], data: st.DataObject
) -> None:
    """Whatever the start, the end and the bits around: none is passed by, none is found behind."""
    signals = np.array(row, np.uint8)
    last = data.draw(st.integers(0, len(row)))
    first = data.draw(st.integers(0, last))
    binding = Binding()
    found = ask(binding.bind(signals), first, last)
    wanted = (bar for bar in range(first, last) if row[bar] & ENTRIES)
    assert found == next(wanted, last)
    binding.close()
