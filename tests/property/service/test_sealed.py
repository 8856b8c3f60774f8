"""The sealed file as a rule: any keys come back, and any bytes are keys or a stated fault."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ballast.core.errors import DataError
from ballast.core.settings import Secret
from ballast.service.keys.account import Keys
from ballast.service.keys.sealed import COST_MIN, seal, unseal

PHRASE = Secret("five random words do well")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
MADE = seal(
    (Keys("okx", "main", Secret("k" * 36), Secret("s" * 32), Secret("p" * 9), 7),),
    PHRASE,
    cost=COST_MIN,
)
WHOLE = unseal(MADE, PHRASE, "x")


def opened_or_fault(raw: bytes) -> tuple[Keys, ...] | None:
    """Return the keys; None for a fault, which is one line and names the file."""
    try:
        return unseal(raw, PHRASE, "x")
    except DataError as error:
        fault = error
    assert fault.where == "x"
    assert "\n" not in fault.line()
    return None


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.integers(0, 2**62)), max_size=3), TEXTS)
@settings(max_examples=15)  # two derivations of a key each
def test_any_keys_come_back_under_any_passphrase(
    rows: list[tuple[str, str, str, int]], phrase: str
) -> None:
    keys = [
        Keys("okx", f"a{at}", Secret(key), Secret(secret), Secret(more), added)
        for at, (key, secret, more, added) in enumerate(rows)
    ]
    opened = unseal(seal(keys, Secret(phrase), cost=COST_MIN), Secret(phrase), "x")
    assert [(one.name, one.texts(), one.added_ms) for one in opened] == [
        (one.name, one.texts(), one.added_ms) for one in keys
    ]


@given(st.integers(0, len(MADE) - 1), st.integers(1, 255), st.integers(0, 3))
@settings(max_examples=300)
def test_a_changed_file_is_a_fault_or_says_the_same(at: int, change: int, cut: int) -> None:
    """A blank more or less is the same document; anything else is refused, and nothing crashes."""
    broken = bytearray(MADE)
    broken[at] ^= change
    raw = bytes(broken[: len(broken) - cut])
    assert opened_or_fault(raw) in (WHOLE, None)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_stated_fault(raw: bytes) -> None:
    assert opened_or_fault(raw) is None
