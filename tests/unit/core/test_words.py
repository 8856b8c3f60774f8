"""The small words: bars, instruments, errors, hashes, random streams."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from ballast.core.bars import Bars
from ballast.core.errors import ConfigError, DataError, InternalError, UserError, suggest
from ballast.core.hashing import canonical_json, value_hash
from ballast.core.instrument import Instrument
from ballast.core.reasons import Exit, Refusal, label
from ballast.core.rng import stream
from ballast.core.time import Timeframe

HOUR = 3_600_000


def bars(stamps: list[int], volume: float = 1.0) -> Bars:
    ones = np.ones(len(stamps))
    columns = dict.fromkeys(("open", "high", "low", "close"), ones)
    return Bars.of(
        "venue",
        "A/B",
        Timeframe(HOUR),
        np.array(stamps, np.int64),
        {**columns, "volume": ones * volume},
    )


def test_bars_refuse_time_that_does_not_rise() -> None:
    with pytest.raises(DataError, match="time repeats at row 2"):
        bars([0, HOUR, HOUR])
    with pytest.raises(DataError, match="time goes back at row 1"):
        bars([HOUR, 0])


def test_bars_refuse_columns_of_different_length() -> None:
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), np.ones(3))
    with pytest.raises(DataError, match="columns differ"):
        Bars.of("v", "s", Timeframe(HOUR), np.arange(2), columns)


def test_a_period_is_half_open_and_a_view() -> None:
    whole = bars([0, HOUR, 2 * HOUR, 5 * HOUR])
    part = whole.period(HOUR, 5 * HOUR)
    assert part.ts.tolist() == [HOUR, 2 * HOUR]
    assert np.shares_memory(part.close, whole.close)
    assert len(whole.period(None, None)) == 4
    assert len(whole.period(5 * HOUR, HOUR)) == 0


def test_fingerprint_follows_name_and_content() -> None:
    """R-CACHE-06: other data never shares a key."""
    first = bars([0, HOUR])
    assert first.fingerprint() == bars([0, HOUR]).fingerprint()
    flagged = first.with_flags(np.array([0, 1], np.uint8))
    others = [bars([0, 2 * HOUR]), bars([0, HOUR], volume=2.0), flagged]
    assert len({one.fingerprint() for one in [first, *others]}) == 4


def test_an_error_is_one_line_with_place_expectation_and_remedy() -> None:
    error = UserError("wrong\n price", where="a.csv:3", expected="a number", fix="mend\tit")
    assert str(error) == "a.csv:3: wrong price; expected a number; mend it"
    assert str(ConfigError("only what")) == "only what"
    assert not issubclass(InternalError, UserError)


def test_suggestions_are_close_or_silent() -> None:
    assert suggest("emaa", ["ema", "sma"]) == "did you mean 'ema'?"
    assert suggest("xyz", ["ema", "sma"]) == ""


def test_equal_meaning_has_an_equal_hash() -> None:
    assert value_hash({"b": 1, "a": (1.0, 2)}) == value_hash({"a": [1, 2.0], "b": 1})
    assert value_hash({"a": 0.1}) != value_hash({"a": 0.10000000000000002})
    assert canonical_json({"é": -0.0}) == '{"é":0}'
    with pytest.raises(InternalError):
        value_hash({"a": math.nan})


def test_hash_is_the_same_in_every_process() -> None:
    """R-BT-09: no hash may depend on the seed Python draws for its own."""
    code = (
        "from ballast.core.hashing import value_hash as h\n"
        "from ballast.core.rng import stream as s\n"
        "print(h({'a': {'x', }.__len__(), 'b': 'text'}), s(42, 'n').integers(1 << 60))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1


def test_streams_are_independent_of_one_another() -> None:
    first = stream(42, "prices").random(4)
    stream(42, "volumes").random(1000)
    assert stream(42, "prices").random(4).tolist() == first.tolist()
    assert stream(42, "volumes").random(4).tolist() != first.tolist()
    assert stream(43, "prices").random(4).tolist() != first.tolist()


def test_instruments_refuse_impossible_rules() -> None:
    with pytest.raises(DataError, match="tick and lot"):
        Instrument("v", "A/B", "A", "B", tick=Decimal(0))
    with pytest.raises(DataError, match="cannot be negative"):
        Instrument("v", "A/B", "A", "B", min_qty=Decimal(-1))


def test_instruments_that_would_overflow_are_refused() -> None:
    Instrument("v", "A/B", "A", "B").check_kernel_bounds()
    fine = Instrument("v", "A/B", "A", "B", tick=Decimal("1e-8"), lot=Decimal("1e-8"))
    with pytest.raises(DataError, match="63 bits"):
        fine.check_kernel_bounds()


def test_reasons_keep_their_numbers() -> None:
    """They are stored in results: a changed number would change what old results say."""
    assert [int(one) for one in Exit] == list(range(len(Exit)))
    assert [int(one) for one in Refusal] == list(range(len(Refusal)))
    assert (Exit.END, Exit.STOP, Refusal.KILL_SWITCH, Refusal.CORRELATION) == (16, 2, 5, 34)
    assert Refusal.LIQUIDITY_COLLAPSE == 36
    assert label(Exit.TRAILING_STOP) == "trailing_stop"
