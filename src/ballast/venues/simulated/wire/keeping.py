"""Keeping: what a front end knows beyond the engine, as bytes and back.

A front end says in one table where it keeps what must outlive it: the path of each value from the
front end on (a number is a place in a list), and its type. MessagePack through msgspec, typed,
never code. Connections are not kept: nobody is connected to a venue that was just opened.
"""

from __future__ import annotations

import typing
from collections import deque
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from ballast.core.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.simulated.wire.frontend import FrontEnd


@runtime_checkable
class Keeper(Protocol):
    """A front end that can be taken down and set up again."""

    @property
    def kept(self) -> Mapping[str, Any]:
        """Return the type of each value that is kept, by its path from here."""
        ...

    def reopened(self) -> None:
        """Be told that all of it is back, and that everybody who was connected is gone."""
        ...


def keeper_of(front: FrontEnd) -> Keeper:
    """Return a front end as one that keeps; raise `UserError` for one that cannot."""
    if not isinstance(front, Keeper):
        raise UserError(f"the simulated {front.name} cannot be kept yet")
    return front


def keep(front: FrontEnd) -> dict[str, bytes]:
    """Return what a front end knows, by path."""
    return {
        path: msgspec.msgpack.encode(_at(front, path), enc_hook=_deque_to_list)
        for path in keeper_of(front).kept
    }


def put_back(front: FrontEnd, saved: Mapping[str, bytes]) -> None:
    """Make a front end know what another one of its kind knew.

    Raise `DataError`, with nothing changed, for what is not of such a front end.
    """
    keeper = keeper_of(front)
    kept = keeper.kept
    if set(kept) != set(saved):
        raise DataError(f"not what a simulated {front.name} of this version keeps")
    try:
        values = {
            path: msgspec.msgpack.decode(saved[path], type=kind, dec_hook=_list_to_deque)
            for path, kind in kept.items()
        }
    except msgspec.MsgspecError as error:
        raise DataError(f"not what a simulated {front.name} keeps", where=str(error)) from None
    for path, value in values.items():
        owner, _, name = path.rpartition(".")
        setattr(_at(front, owner) if owner else front, name, value)
    keeper.reopened()


def _at(front: Any, path: str) -> Any:  # noqa: ANN401 - of many types
    found = front
    for step in path.split("."):
        found = found[int(step)] if step.isdecimal() else getattr(found, step)
    return found


def _deque_to_list(value: Any) -> Any:  # noqa: ANN401 - msgspec asks about what it does not know
    if isinstance(value, deque):
        return value.maxlen, list(value)
    raise NotImplementedError(f"{type(value)} cannot be kept")


def _list_to_deque(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if typing.get_origin(kind) is not deque:
        raise NotImplementedError(f"{kind} cannot be kept")
    most, rows = msgspec.convert(value, tuple[int | None, list[Any]])
    of_rows = GenericAlias(list, typing.get_args(kind))
    return deque(msgspec.convert(rows, of_rows, dec_hook=_list_to_deque), maxlen=most)
