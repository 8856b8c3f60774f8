"""Codec: frozen dataclasses to the bodies of records and back, strictly.

    CODEC = Codec(
        Kind("order.intent", Intent, version=2, upgrades={1: with_purpose}),
        Kind("order.fill", Fill),
    )
    entry = CODEC.entry(intent, at_ns)         # Entry("order.intent", '{"qty_lots":3,...}', ...)
    intent = CODEC.value(record)               # equal to what was given

A body is JSON with sorted keys and no blanks: the same value gives the same bytes. Every field is
written, also one that has its default, so that a changed default changes no history. Reading is
strict: an unknown field, a missing one, a wrong type or a value an enum does not have is a
`DataError` that names the place. What a field may be is said in `forms.py`.

The form of a kind is its `version`. `upgrades[n]` turns a body (as plain values) of version n into
one of n + 1; a record newer than its kind is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from ballast.core.errors import DataError, InternalError
from ballast.core.forms import form_of
from ballast.core.journal import Entry, check_kind

if TYPE_CHECKING:
    from ballast.core.journal import Record

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns a body of one version, as plain values, into the next."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: the dataclass, or union of them, its version, how old forms rise."""

    name: str
    type: Any  # a class, or A | B
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a kind whose older versions could not be read."""
        check_kind(self.name)
        if sorted(self.upgrades) != list(range(1, self.version)):
            raise InternalError(f"{self.name}: version {self.version} needs an upgrade from each")


class Codec:
    """The kinds one journal holds; each type has one kind."""

    def __init__(self, *kinds: Kind) -> None:
        """Prepare the form of each kind once; raise `InternalError` for a type that has none."""
        self._kinds = {one.name: one for one in kinds}
        members = [(member, one) for one in kinds for member in get_args(one.type) or (one.type,)]
        self._by_type = dict(members)
        if len(self._kinds) != len(kinds) or len(self._by_type) != len(members):
            raise InternalError("two kinds share a name or a type")
        self._forms = {one.name: form_of(one.type) for one in kinds}

    def entry(self, value: object, at_ns: int) -> Entry:
        """Return the entry that records a value."""
        kind, body = self._written(value)
        return Entry(kind.name, body, at_ns, kind.version)

    def text(self, value: object) -> str:
        """Return a value as text that `of_text` reads, of any length: a snapshot is no record."""
        return self._written(value)[1]

    def of_text(self, kind: str, text: str) -> Any:  # noqa: ANN401 - of the type of its kind
        """Return the value of a text of the present version; raise `DataError` if it is none."""
        return self._forms[kind].read(parse_body(text, kind), kind)

    def _written(self, value: object) -> tuple[Kind, str]:
        kind = self._by_type.get(type(value))
        if kind is None:
            raise InternalError(f"{type(value).__name__} is of no kind of this journal")
        return kind, body_of(self._forms[kind.name].write(value, kind.name))

    def value(self, record: Record | Entry) -> Any:  # noqa: ANN401 - of the type of its kind
        """Return the value a record holds; raise `DataError` if it is not one of its kind."""
        kind = self._kinds.get(record.kind)
        where = record.kind if isinstance(record, Entry) else f"record {record.seq} {record.kind}"
        if kind is None:
            raise DataError(
                "is of no kind this version knows", where=where, fix="update ballast, or see why"
            )
        plain = parse_body(record.body, where)
        if record.version > kind.version:
            raise DataError(
                f"has version {record.version}",
                where=where,
                expected=f"at most {kind.version}",
                fix="update ballast",
            )
        for version in range(record.version, kind.version):
            plain = kind.upgrades[version](plain)
        return self._forms[kind.name].read(plain, where)


def body_of(plain: object) -> str:
    """Return canonical JSON: sorted keys, no blanks, floats as the shortest text that reads back.

    Unlike `hashing.canonical_json` it keeps 1.0 and 1 apart: a replay must give equal bytes.
    """
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def parse_body(body: str, where: str) -> dict[str, Any]:
    """Return the plain values of a body; raise `DataError` unless it is one JSON object."""
    try:
        plain = json.loads(body, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the body is no JSON: {error}", where=where) from None
    if not isinstance(plain, dict):
        raise DataError("the body is no object", where=where, expected="{...}")
    return plain


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is there twice")
    return found


def _refuse(word: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(f"{word} is no number")
