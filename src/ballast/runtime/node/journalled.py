"""Journalled: a node whose memory is its journal.

`handle` puts the event and its effects into the journal, durable, before it returns them: nothing
is sent that is not written (A1, G1). `restored` replays a journal and holds what the node wants now
against what it wanted then: any difference stops the start, for then the code is another or the
journal is not its own (C8, F6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.runtime.node.events import CODEC
from ballast.runtime.node.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.journal import Entry, Journal, Record
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import Effect, Event

EVENT = "node.event"


class JournalledNode:
    """A node and the journal it lives in."""

    def __init__(self, node: Node, journal: Journal) -> None:
        """Go on with a node, new or restored."""
        self.node = node
        self.journal = journal

    def handle(self, event: Event) -> list[Effect]:
        """Take an event; return its effects once both are on the medium.

        Raise `WriteFailedError` where they are not: then nothing may be sent, and the node halts.
        """
        effects = self.node.handle(event)
        self.journal.append(entries_of(event, effects, self.node.now_ns))
        return effects


def entries_of(event: Event, effects: Iterable[Effect], at_ns: int) -> list[Entry]:
    """Return what the journal keeps of one step: the event, then what came of it."""
    return [CODEC.entry(event, at_ns), *(CODEC.entry(one, at_ns) for one in effects)]


def restored(rules: NodeRules, records: Iterable[Record]) -> Node:
    """Return the node that a journal describes; raise `DataError` where a step went otherwise.

    Its effects are not done again: what was on its way is unknown from `Started` on.
    """
    node = Node(rules)
    expected: list[Entry] = []
    for record in records:
        if record.kind == EVENT:
            _require_done(expected, record)
            event: Event = CODEC.value(record)
            expected = entries_of(event, node.handle(event), node.now_ns)[1:]
            continue
        wanted = expected.pop(0) if expected else None
        if wanted is None or (wanted.kind, wanted.body) != (record.kind, record.body):
            raise DataError(
                "another effect than was written comes of the same events",
                where=f"record {record.seq} {record.kind}",
                expected=record.body[:120],
                fix="start the version that wrote this journal",
            )
    if expected:
        raise DataError("the last step of the journal is not whole", where="its end")
    return node


def _require_done(left: list[Entry], record: Record) -> None:
    if left:
        raise DataError(
            f"{len(left)} effects of the step before are missing", where=f"record {record.seq}"
        )
