"""Memory: what a running node says of itself in a file beside its journal, for whoever looks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.service.diagnose.views import View, of_node
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ballast.runtime.node.node import Node


@dataclass(frozen=True, slots=True)
class Memory:
    """What the node says of itself, and when."""

    views: dict[str, View]
    at_ns: int
    connection: dict[str, Any] = field(default_factory=dict)
    """As `connection_of` made it; {} where the process did not say."""
    health: dict[str, Any] = field(default_factory=dict)
    """As `health_of` made it; {} where nobody measured."""
    exposure: dict[str, Any] = field(default_factory=dict)
    """As `ExposureView` made it; {} where the process did not say."""


def write_memory(
    path: Path,
    node: Node,
    symbols: Sequence[str],
    at_ns: int,
    connection: dict[str, Any],
    health: dict[str, Any],
    exposure: dict[str, Any],
) -> None:
    """Put what a node believes into a file, whole or not at all."""
    views = [one.as_plain() for one in of_node(node, symbols).values()]
    body = {"at_ns": at_ns, "mode": str(node.halt.mode), "views": views}
    body |= {"connection": connection, "health": health, "exposure": exposure}
    replace_file(Disk(), path, [json.dumps(body, sort_keys=True).encode()])


def read_memory(path: Path) -> Memory | None:
    """Return what a node said last; None: none ever did. Raise `DataError` for a broken file."""
    if not path.is_file():
        return None
    try:
        body = json.loads(path.read_bytes())
        views = [View.of_plain(one) for one in body["views"]]
        connection = body.get("connection", {})
        health, exposure = body.get("health", {}), body.get("exposure", {})
        if not all(isinstance(one, dict) for one in (connection, health, exposure)):
            raise ValueError("no connection")  # noqa: TRY301 - told below as all others
        named = {one.symbol: one for one in views}
        return Memory(named, int(body["at_ns"]), connection, health, exposure)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"is no state of a node: {error}", where=str(path)) from None
