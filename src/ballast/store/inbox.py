"""Inbox: a person's commands to a node, as files that survive whoever wrote or reads them.

One file a command, named by its time, written whole or not at all. The node takes them in order,
puts each into its journal, and then into `done/` with what came of it. A command that was given
while no node ran waits for the next start.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.store.disk import Disk, disk_errors, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUFFIX = ".json"
KEYS = {"command", "who", "reason", "at_ns"}
MORE = "more"
"""What a command says beside these, where it says more: an announcement."""


@dataclass(frozen=True, slots=True)
class Message:
    """A command, who gave it, why, and when."""

    name: str
    command: str
    who: str
    reason: str
    at_ns: int
    more: Mapping[str, Any] = field(default_factory=dict)


class Inbox:
    """The commands of one account."""

    def __init__(self, folder: Path) -> None:
        """Keep them in this folder; it is made when the first one comes."""
        self.folder = folder

    def put(
        self, command: str, who: str, reason: str, at_ns: int, more: Mapping[str, Any] | None = None
    ) -> str:
        """Leave a command; return its name."""
        name = f"{at_ns:020d}"
        body = {"command": command, "who": who, "reason": reason, "at_ns": at_ns}
        if more is not None:
            body[MORE] = dict(more)
        self._write(self.folder / f"{name}{SUFFIX}", body)
        return name

    def waiting(self) -> Iterator[Message]:
        """Yield what has not been taken yet, oldest first; raise `DataError` for a broken file."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            with disk_errors(path):
                text = path.read_text(encoding="utf-8")
            yield Message(path.stem, **_read(text, path))

    def done(self, message: Message, outcome: str) -> None:
        """Put a command away with what came of it."""
        body = {
            "command": message.command, "who": message.who, "reason": message.reason,
            "at_ns": message.at_ns, "outcome": outcome,
            **({MORE: dict(message.more)} if message.more else {}),
        }  # fmt: skip
        self._write(self.folder / "done" / f"{message.name}{SUFFIX}", body)
        path = self.folder / f"{message.name}{SUFFIX}"
        with disk_errors(path):
            path.unlink(missing_ok=True)

    def outcome(self, name: str) -> str | None:
        """Return what came of a command; None: it waits."""
        path = self.folder / "done" / f"{name}{SUFFIX}"
        if not path.is_file():
            return None
        return str(json.loads(path.read_text(encoding="utf-8"))["outcome"])

    def _write(self, path: Path, body: dict[str, object]) -> None:
        replace_file(Disk(), path, [json.dumps(body, sort_keys=True).encode()])


def _read(text: str, path: Path) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    is_known = isinstance(body, dict) and set(body) - {MORE} == KEYS
    if not is_known or not isinstance(body.get(MORE, {}), dict):
        raise DataError("is no command", where=str(path), fix="remove the file")
    found: dict[str, Any] = body
    return found
