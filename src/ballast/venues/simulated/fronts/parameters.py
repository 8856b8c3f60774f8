"""Parameters: what a client sent, read strictly: unknown, repeated and empty names are refused.

Strictness is the point. A client that sends a parameter the venue does not know has a defect that
only a strict venue shows (a dropped take-profit looks like success otherwise).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(StrEnum):
    """What can be wrong with a parameter before its meaning is looked at."""

    MISSING = "missing"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    REPEATED = "repeated"
    MALFORMED = "malformed"


class BadParameter(Exception):  # noqa: N818 - an answer, not a crash: front ends turn it into one
    """A parameter that cannot be taken; front ends answer with their own code."""

    def __init__(self, fault: Fault, name: str, value: str = "") -> None:
        """Name the parameter and what is wrong with it."""
        self.fault = fault
        self.name = name
        self.value = value
        super().__init__(f"{name} is {fault}")


@dataclass(slots=True)
class Parameters:
    """The pairs of one request. Reading marks a name as known; `finish` refuses the others."""

    values: dict[str, str]
    _read: set[str] = field(default_factory=set)

    @staticmethod
    def of(pairs: Iterable[tuple[str, str]]) -> Parameters:
        """Take pairs as they were sent; raise `BadParameter` for a name given twice."""
        values: dict[str, str] = {}
        for name, value in pairs:
            if name in values:
                raise BadParameter(Fault.REPEATED, name, value)
            values[name] = value
        return Parameters(values)

    def optional(self, name: str) -> str | None:
        """Return a value, None where it was not sent; raise `BadParameter` for an empty one."""
        self._read.add(name)
        value = self.values.get(name)
        if value is not None and not value:
            raise BadParameter(Fault.EMPTY, name)
        return value

    def required(self, name: str) -> str:
        """Return a value; raise `BadParameter` where it was not sent."""
        value = self.optional(name)
        if value is None:
            raise BadParameter(Fault.MISSING, name)
        return value

    def allow(self, *names: str) -> None:
        """Know names whose values do not matter."""
        self._read.update(names)

    def has(self, name: str) -> bool:
        """Tell whether a name was sent, without knowing it."""
        return name in self.values

    def finish(self) -> None:
        """Raise `BadParameter` for the first name nobody asked for."""
        for name, value in self.values.items():
            if name not in self._read:
                raise BadParameter(Fault.UNKNOWN, name, value)
