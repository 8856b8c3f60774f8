"""Listing: which keys there are, which of them count, and what is wrong with them; no secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.service.keys.account import checked, hidden, masked
from ballast.service.keys.source import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.service.keys.account import Keys
    from ballast.service.keys.source import Place

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the keys of an account: ok, warning or problem, with what to do."""

    account: str
    place: str
    state: str
    found: str
    fix: str = ""


def rows_of(places: Sequence[Place], now_ms: int) -> list[dict[str, Any]]:
    """Return a row for each account and place; `counts` says which one a session would take."""
    taken: dict[str, str] = {}
    rows = []
    for place in places:
        for keys in place.every():
            first = taken.setdefault(keys.name, place.name)
            rows.append(
                {
                    "venue": keys.venue,
                    "account": keys.account,
                    "place": place.name,
                    "key": masked(keys.key),
                    "secret": hidden(keys.secret),
                    "passphrase": hidden(keys.passphrase),
                    "age_days": _age_days(keys, now_ms),
                    "counts": first == place.name,
                }
            )
    return sorted(rows, key=lambda row: (row["venue"], row["account"], not row["counts"]))


def remarks_of(places: Sequence[Place], now_ms: int, days_max: int) -> Iterator[Remark]:
    """Yield what can be said of every place and account without asking a venue."""
    taken: dict[str, str] = {}
    owners: dict[str, str] = {}
    for place in places:
        try:
            found = list(place.every())
        except UserError as error:
            yield Remark("", place.name, "problem", error.line(), "mend it: no session starts so")
            continue
        if isinstance(place, Sealed) and place.file.exists():
            shown = f"{place.file.where}, mode {place.file.mode()}, sealed"
            yield Remark("", place.name, "ok", shown)
        for keys in found:
            yield from _of_keys(keys, place.name, taken, owners)
            yield _of_age(keys, place.name, now_ms, days_max)


def _of_keys(
    keys: Keys, place: str, taken: dict[str, str], owners: dict[str, str]
) -> Iterator[Remark]:
    try:
        checked(keys)
    except UserError as error:
        yield Remark(keys.name, place, "problem", error.what, error.fix or error.expected)
    first = taken.setdefault(keys.name, place)
    if first != place:
        yield Remark(
            keys.name,
            place,
            "warning",
            f"not used: those of the {first} come first",
            f"remove the ones of the {first}, or these",
        )
    owner = owners.setdefault(f"{keys.venue} {keys.key.reveal()}", keys.name)
    if owner != keys.name:
        fix = "make a key for each account"
        yield Remark(keys.name, place, "warning", f"the same key as {owner}", fix)


def _of_age(keys: Keys, place: str, now_ms: int, days_max: int) -> Remark:
    days = _age_days(keys, now_ms)
    if days is None:
        return Remark(keys.name, place, "ok", f"{masked(keys.key)}, of unknown age")
    if days > days_max:
        found = f"{masked(keys.key)}, {days} days old; network.key_days is {days_max}"
        fix = f"make a new key at {keys.venue}, then `ballast keys rotate {keys.venue}`"
        return Remark(keys.name, place, "warning", found, fix)
    return Remark(keys.name, place, "ok", f"{masked(keys.key)}, {days} days old")


def _age_days(keys: Keys, now_ms: int) -> int | None:
    return max(now_ms - keys.added_ms, 0) // DAY_MS if keys.added_ms else None
