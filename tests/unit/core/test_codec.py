"""Codec: values to bodies and back, strictly; old forms rise, new ones are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - fields are read at run time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.codec import Codec, Kind, body_of
from ballast.core.errors import DataError, InternalError
from ballast.core.journal import (
    BODY_BYTES_MAX,
    Entry,
    Head,
    chained,
    check_run,
    follows,
    parse_head,
)
from ballast.core.orders import Fill, OrderKind, OrderRequest, PositionSide, Side

OrderId = NewType("OrderId", str)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Leg:
    qty_lots: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    why: str
    measured: float


@dataclass(frozen=True, slots=True)
class Approved:
    until_ns: int


@dataclass(frozen=True, slots=True)
class Everything:
    flag: bool
    number: int
    text: str
    share: float
    money: Decimal
    raw: bytes
    colour: Colour
    level: Level
    order: OrderId
    note: str | None
    legs: tuple[Leg, ...]
    pair: tuple[int, str]
    levels: Mapping[str, Decimal]
    verdict: Approved | Refused
    reason: Refused | None = None
    empty: tuple[int, ...] = ()
    derived: int = field(init=False, default=3)


@dataclass(frozen=True, slots=True)
class Opened:
    symbol: str


@dataclass(frozen=True, slots=True)
class Closed:
    symbol: str
    at_ticks: int


CODEC = Codec(
    Kind("all", Everything),
    Kind("request", OrderRequest),
    Kind("fill", Fill),
    Kind("market", Opened | Closed),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MONEY = st.decimals(allow_nan=False, allow_infinity=False)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
GOOD = Everything(
    True, 1, "", 0.5, Decimal(1), b"", Colour.RED, Level.LOW, OrderId("x"), None, (), (1, "a"), {},
    Approved(1),
)  # fmt: skip
REFUSED = st.builds(Refused, TEXT, FLOATS)
EVERYTHING = st.builds(
    Everything, st.booleans(), st.integers(), TEXT, FLOATS, MONEY, st.binary(max_size=8),
    st.sampled_from(Colour), st.sampled_from(Level), TEXT.map(OrderId), st.none() | TEXT,
    st.lists(st.builds(Leg, st.integers(), MONEY), max_size=3).map(tuple),
    st.tuples(st.integers(), TEXT), st.dictionaries(TEXT, MONEY, max_size=3),
    REFUSED | st.builds(Approved, st.integers()), st.none() | REFUSED,
    st.lists(st.integers(), max_size=3).map(tuple),
)  # fmt: skip


@given(EVERYTHING)
def test_a_value_comes_back_equal_and_its_bytes_are_the_same(value: Everything) -> None:
    """Replay of a day gives the same bytes: value -> body -> value -> the same body."""
    entry = CODEC.entry(value, 1)
    again = CODEC.value(entry)
    assert again == value
    assert repr(again.share) == repr(value.share), "also the sign of zero"
    assert CODEC.entry(again, 1) == entry
    assert "\n" not in entry.body
    assert "\0" not in entry.body


def test_the_words_of_orders_can_be_recorded() -> None:
    request = OrderRequest("BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 3, trigger_ticks=5)
    entry = CODEC.entry(request, 7)
    assert entry.body.startswith('{"activation_ticks":0,"client_id":"","close_position":false,')
    assert CODEC.value(entry) == request
    fill = Fill(1, 2, "c", 0, "X", Side.BUY, PositionSide.BOTH, 5, 6, True, "USDT", -1, 0, 9)
    assert CODEC.value(CODEC.entry(fill, 9)) == fill


def test_members_of_a_union_share_a_kind() -> None:
    entry = CODEC.entry(Closed("X", 3), 1)
    assert entry.body == '{"at_ticks":3,"symbol":"X","type":"Closed"}'
    assert CODEC.value(entry) == Closed("X", 3)


REFUSED_BODIES = {
    "no JSON": ("{", "is no JSON"),
    "a list": ("[]", "is no object"),
    "a field twice": ('{"qty_lots":1,"qty_lots":2,"price":"1"}', "a field is there twice"),
    "an unknown field": ('{"qty_lots":1,"price":"1","x":1}', "unknown field x"),
    "a missing field": ('{"qty_lots":1}', "no field price"),
    "a float for a count": ('{"qty_lots":1.0,"price":"1"}', r"leg.qty_lots: 1.0 does not fit"),
    "a truth for a count": ('{"qty_lots":true,"price":"1"}', "does not fit"),
    "a number for a decimal": ('{"qty_lots":1,"price":1}', "leg.price"),
    "a blank in a decimal": ('{"qty_lots":1,"price":" 1"}', "leg.price"),
    "a decimal that is none": ('{"qty_lots":1,"price":"NaN"}', "leg.price"),
    "not a number": ('{"qty_lots":NaN,"price":"1"}', "NaN is no number"),
    "nothing": ('{"qty_lots":null,"price":"1"}', "leg.qty_lots"),
}


@pytest.mark.parametrize("what", REFUSED_BODIES)
def test_a_body_that_is_not_exactly_of_its_kind_is_refused(what: str) -> None:
    body, said = REFUSED_BODIES[what]
    with pytest.raises(DataError, match=said):
        Codec(Kind("leg", Leg)).value(Entry("leg", body, 1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 1.0), ("number", True), ("share", float("nan")), ("share", 10**400),
        ("money", 1.5), ("money", Decimal("Infinity")), ("colour", "red"), ("legs", [1]),
        ("pair", (1,)), ("levels", {1: Decimal(1)}), ("text", "\ud800"), ("note", 3),
        ("verdict", None), ("verdict", Leg(1, Decimal(1))), ("raw", "ff"), ("flag", 1),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_never_written(name: str, value: Any) -> None:
    """C7: money cannot slip in as a float, whatever the annotations say."""
    with pytest.raises(DataError, match=f"all.{name}|half a character"):
        CODEC.entry(replace(GOOD, **{name: value}), 1)


@dataclass(frozen=True, slots=True)
class IntentV3:
    qty_lots: int
    purpose: str
    side: str


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("flag", 1), ("number", "1"), ("text", None), ("share", "0.5"), ("share", True),
        ("money", "1e"), ("money", 1), ("raw", "f"), ("raw", "FF"), ("raw", 3), ("colour", "green"),
        ("colour", 1), ("level", 3), ("level", "1"), ("level", [1]), ("order", 1), ("note", 2),
        ("legs", {}), ("legs", [1]), ("pair", [1]), ("pair", [1, "a", 2]), ("levels", []),
        ("levels", {"a": 1}), ("verdict", {"until_ns": 1}), ("verdict", []), ("verdict", None),
        ("verdict", {"type": ["Approved"]}), ("verdict", {"type": "Leg"}),
        ("verdict", {"type": "Approved", "until_ns": 1, "x": 1}), ("reason", 5), ("reason", []),
        ("empty", [None]), ("text", "\ud800"), ("levels", {"\ud800": "1"}),
    ],
)  # fmt: skip
def test_a_written_value_of_the_wrong_type_is_never_read(name: str, written: Any) -> None:
    """D7: nothing of unexpected shape reaches the state, and the message names the place."""
    plain = json.loads(CODEC.entry(GOOD, 1).body)
    assert CODEC.value(Entry("all", json.dumps(plain), 1)) == GOOD
    with pytest.raises(DataError, match=f"all.{name}"):
        CODEC.value(Entry("all", json.dumps({**plain, name: written}), 1))


def test_older_forms_rise_step_by_step_and_newer_ones_are_refused() -> None:
    """R-STATE-03: a kind says how each older version of its body becomes the next."""
    codec = Codec(
        Kind(
            "intent",
            IntentV3,
            version=3,
            upgrades={
                1: lambda body: {**body, "purpose": "entry"},
                2: lambda body: {
                    "qty_lots": abs(body["qty"]), "purpose": body["purpose"],
                    "side": "sell" if body["qty"] < 0 else "buy",
                },
            },
        )
    )  # fmt: skip
    assert codec.value(Entry("intent", '{"qty":-3}', 1, 1)) == IntentV3(3, "entry", "sell")
    assert codec.value(Entry("intent", '{"qty":2,"purpose":"exit"}', 1, 2)).purpose == "exit"
    entry = codec.entry(IntentV3(1, "exit", "buy"), 1)
    assert entry.version == 3
    assert codec.value(entry) == IntentV3(1, "exit", "buy")
    with pytest.raises(DataError, match="has version 4; expected at most 3; update ballast"):
        codec.value(Entry("intent", "{}", 1, 4))
    with pytest.raises(DataError, match="no kind this version knows"):
        codec.value(Entry("intent.new", "{}", 1))


@dataclass(frozen=True)
class Loose:
    anything: object


@dataclass(frozen=True)
class Twins:
    one: Colour | str


@dataclass(frozen=True)
class Tagged:
    type: str


@dataclass(frozen=True)
class Clash:
    one: Tagged | Leg


class Half(Enum):
    HALF = 0.5


@dataclass(frozen=True)
class Fraction:
    one: Half


@dataclass(frozen=True)
class Hidden:
    one: NotImported  # noqa: F821 - that is the point


@dataclass(frozen=True)
class Endless:
    one: Endless | None


def test_kinds_that_could_not_be_read_back_are_refused_at_once() -> None:
    for kinds in (
        [("a", Loose)], [("a", Twins)], [("a", Clash)],
        [("a", Fraction)], [("a", Hidden)], [("a", Endless)],
        [("a", Leg), ("a", Refused)],
        [("a", Leg), ("b", Leg)], [("a", Leg), ("b", Leg | Refused)],
    ):  # fmt: skip
        with pytest.raises(InternalError):
            Codec(*(Kind(name, kind) for name, kind in kinds))
    with pytest.raises(InternalError, match="needs an upgrade from each"):
        Kind("a", Leg, version=3, upgrades={1: dict})
    with pytest.raises(InternalError, match="is of no kind"):
        CODEC.entry(Leg(1, Decimal(1)), 1)


def test_a_body_keeps_whole_floats_apart_from_integers() -> None:
    assert body_of({"b": 1.0, "a": 1, "é": "x\n"}) == '{"a":1,"b":1.0,"é":"x\\n"}'


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("Order", "{}", 1), "is no kind"),
        (("a b", "{}", 1), "is no kind"),
        (("a\n", "{}", 1), "is no kind"),
        (("a" * 81, "{}", 1), "is no kind"),
        (("a", "{}", -1), "is no time"),
        (("a", "{}", 1 << 63), "is no time"),
        (("a", "{}", 1, 0), "is no version"),
        (("a", "\0", 1), "cannot be kept"),
        (("a", "x" * (BODY_BYTES_MAX + 1), 1), "cannot be kept"),
        (("a", "\udfff", 1), "half a character"),
    ],
)
def test_what_no_journal_could_give_back_is_no_entry(given: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        Entry(*given)


def test_every_field_of_a_record_is_in_its_hash() -> None:
    entry = Entry("a.b", '{"x":1}', 5)
    record = chained(Head(), entry, "run-1", 2)
    assert follows(Head(), record)
    changed = {
        "seq": 2, "run": "run-2", "epoch": 3, "at_ns": 6, "kind": "a.c", "version": 2,
        "body": "{}", "hash": "0" * 64,
    }  # fmt: skip
    for name, value in changed.items():
        assert not follows(Head(), replace(record, **{name: value})), name
    assert not follows(Head(0, "1" * 64), record)
    assert parse_head(str(record.head)) == record.head


@pytest.mark.parametrize("text", ["", "3", "3:xyz", "-1:" + "0" * 64, "3:" + "0" * 63, "9" * 30])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not the head of a journal"):
        parse_head(text)


@pytest.mark.parametrize("run", ["", "a b", "-x", "a\n", "x" * 81])
def test_a_run_has_a_name_without_blanks(run: str) -> None:
    assert check_run("live-2026.11:1_a") == "live-2026.11:1_a"
    with pytest.raises(DataError, match="cannot name a run"):
        check_run(run)
