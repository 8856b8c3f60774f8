"""Any history of appends: the ledger counts the set of what was tried, and holds (R-OPT-09)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.trials import numbered

from ballast.store.trials import TrialLedger, verify

APPENDS = st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(("fam", "other")))


@settings(max_examples=20, deadline=None)
@given(st.lists(APPENDS, min_size=1, max_size=6), st.integers(1, 3))
def test_counts_are_those_of_a_set(appends: list[tuple[int, int, str]], reopen_every: int) -> None:
    seen: dict[tuple[str, int], int] = {}
    with tempfile.TemporaryDirectory() as folder:
        ledger = TrialLedger(Path(folder) / "trials.sqlite")
        for at, (first, count, family) in enumerate(appends):
            ledger.append(numbered(first, count, family=family))
            for number in range(first, first + count):
                seen[family, number] = seen.get((family, number), 0) + 1
            if at % reopen_every == 0:
                ledger.close()
        assert ledger.count() == len(seen)
        assert ledger.repeats() == sum(seen.values()) - len(seen)
        for name in ("fam", "other"):
            mine = [number for family, number in seen if family == name]
            assert sorted(ledger.sharpes(family=name).tolist()) == sorted(k / 100 for k in mine)
        assert len(ledger.sketches().values) == len(seen)
        assert verify(ledger).is_whole
        ledger.close()
