"""Notices: what a venue announces before it happens, as every account can read it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Maintenance:
    """A span in which nothing trades, `[from_ns, until_ns)`."""

    from_ns: int
    until_ns: int
    halted: list[str] = field(default_factory=list)
    """Symbols that it stopped, and that trade again when it is over."""


@dataclass(slots=True)
class Notices:
    """What is announced."""

    maintenance: Maintenance | None = None
    """The next one, or the one that goes on; None after its end."""
    ends_ns: dict[str, int] = field(default_factory=dict)
    """When a symbol will be delisted, or was."""
