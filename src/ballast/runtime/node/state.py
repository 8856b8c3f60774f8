"""State: a node as one value, so that a start need not replay a journal from its beginning.

A snapshot holds everything up to a record of the journal; what came after it is replayed on top,
and held against what was written, as ever. It is a saving of time and never the memory itself: a
snapshot that cannot be read, or is of another layout of the compiled rows, is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - the codec reads the types of fields
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.codec import Codec, Kind
from ballast.core.errors import DataError
from ballast.core.hashing import value_hash
from ballast.core.records import ACCOUNT, POSITION
from ballast.kernel.live import BAR_COLUMNS, MARK_COLUMNS, OPTIONAL
from ballast.oms.book import BookState  # noqa: TC001
from ballast.risk.gate.memory import Memory as GateMemory  # noqa: TC001
from ballast.risk.halt.baselines import Baselines  # noqa: TC001
from ballast.risk.halt.flows import Past  # noqa: TC001
from ballast.risk.halt.health import HealthFault  # noqa: TC001
from ballast.risk.halt.modes import Halt  # noqa: TC001
from ballast.risk.halt.runaway import Pace  # noqa: TC001
from ballast.risk.halt.shocks import Shocks  # noqa: TC001
from ballast.runtime.node.desk import Desk, NodeRules  # noqa: TC001
from ballast.runtime.node.node import Node
from ballast.runtime.node.purse import Purse  # noqa: TC001 - the codec reads the types

if TYPE_CHECKING:
    from ballast.kernel.live import Live
    from ballast.strategies.plan import AnyStrategy

COLUMNS = ("ts", *BAR_COLUMNS, *MARK_COLUMNS, "signals", "atr", *OPTIONAL)
LAYOUT = value_hash([str(ACCOUNT.descr), str(POSITION.descr), list(COLUMNS)])
"""Of the compiled rows: other ones cannot be read back."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """The kernel's memory: rows and columns as they lie in memory."""

    layout: str
    account: bytes
    positions: bytes
    counts: tuple[int, ...]
    """Bars kept of each symbol."""
    columns: Mapping[str, tuple[bytes, ...]]
    daily: bytes
    refusals: bytes
    entered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NodeState:
    """Everything a node knows."""

    rules: NodeRules
    now_ns: int
    decision: int
    birth_ns: int
    book: BookState
    halt: Halt
    levels: Baselines
    pace: Pace
    gate: GateMemory
    desks: Mapping[str, Desk]
    live: LiveState | None
    health: tuple[HealthFault, ...]
    purse: Purse
    past: Past
    shocks: Shocks


KIND = "node.state"
CODEC = Codec(Kind(KIND, NodeState))


def packed(node: Node) -> bytes:
    """Return a node as bytes."""
    decider = node.decider
    state = NodeState(
        node.rules,
        node.now_ns,
        node.decision,
        node.birth_ns,
        node.book.state(),
        node.halt,
        node.levels,
        node.pace,
        node.gate,
        node.desks,
        live_state(decider.live) if decider is not None else None,
        node.health,
        node.purse,
        node.past,
        node.shocks,
    )
    return CODEC.text(state).encode()


def unpacked(data: bytes, classes: Sequence[AnyStrategy] = ()) -> Node:
    """Return the node of some bytes; raise `DataError` for one that cannot be made again."""
    try:
        body = data.decode()
    except UnicodeDecodeError:
        raise DataError("a snapshot of the node is no text") from None
    state: NodeState = CODEC.of_text(KIND, body)
    node = Node(state.rules, classes)
    node.now_ns, node.decision, node.birth_ns = state.now_ns, state.decision, state.birth_ns
    node.halt, node.levels, node.pace, node.gate = state.halt, state.levels, state.pace, state.gate
    node.book.restore(state.book)
    node.desks = dict(state.desks)
    node.health, node.purse, node.past = state.health, state.purse, state.past
    node.shocks = state.shocks
    if state.live is not None:
        restore_live(node.begin_deciding().live, state.live)
    return node


def live_state(live: Live) -> LiveState:
    """Return the kernel's memory as a value."""
    spans = [(int(row["first"]), int(row["last"])) for row in live.spec]
    columns = {}
    for name in COLUMNS:
        column = getattr(live.columns, name)
        if len(column):
            columns[name] = tuple(column[first:last].tobytes() for first, last in spans)
    return LiveState(
        LAYOUT,
        live.account.tobytes(),
        live.pos.tobytes(),
        tuple(last - first for first, last in spans),
        columns,
        live.daily[: int(live.account[0]["days"]) + 1].tobytes(),
        live.refusals.tobytes(),
        tuple(live.entered),
    )


def restore_live(live: Live, state: LiveState) -> None:
    """Put the kernel's memory back into a fresh one of the same session."""
    if state.layout != LAYOUT:
        raise DataError("a snapshot of another version's rows", fix="it is passed over")
    _fill(live.account, state.account)
    _fill(live.pos, state.positions)
    _fill(live.refusals, state.refusals)
    daily = np.frombuffer(state.daily)
    live.daily[: len(daily)] = daily
    live.entered[:] = state.entered
    for s, count in enumerate(state.counts):
        first = int(live.spec[s]["first"])
        live.spec["last"][s] = first + count
        for name, parts in state.columns.items():
            column = getattr(live.columns, name)
            column[first : first + count] = np.frombuffer(parts[s], column.dtype)


def _fill(rows: Any, data: bytes) -> None:  # noqa: ANN401 - an array of any dtype
    plain = np.asarray(rows).view(np.uint8).reshape(-1)
    if len(plain) != len(data):
        raise DataError("a snapshot of another number of symbols")
    plain[:] = np.frombuffer(data, np.uint8)
