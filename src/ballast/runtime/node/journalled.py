"""Journalled: a node whose memory is its journal.

`handle` puts the event and its effects into the journal, durable, before it returns them: nothing
is sent that is not written (A1, G1). `replayed` runs a journal again and holds what the node wants
now against what it wanted then: any difference ends it, for then the code is another or the journal
is not its own (C8, F6). The rules are in the journal too, so it explains itself.

A start holds the orders alone against what was written (`acts_only`): a later version may say or
ask something else, and must not leave positions unmanaged for a word. It must not send another
order, for then what it remembers is not what the venue has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.codec import Codec, Kind
from ballast.core.errors import DataError
from ballast.oms.book import KEEPING
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import (
    AmendOrder,
    CancelOrder,
    Effect,
    Event,
    ReplaceOrder,
    Started,
    Submit,
    SubmitPair,
    Wake,
)
from ballast.runtime.node.node import Node
from ballast.runtime.node.slices import SliceRules
from ballast.runtime.node.state import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.core.journal import Entry, Journal, Record
    from ballast.strategies.plan import AnyStrategy

SNAPSHOT_RECORDS = 20_000
"""Records between two snapshots: a start replays no more than these, within two seconds."""
EVENT, EFFECT, RULES = "node.event", "node.effect", "node.rules"
_ORDERS = (Submit, CancelOrder, AmendOrder, ReplaceOrder, SubmitPair)
_ACTS = tuple(f'"type":"{one.__name__}"}}' for one in _ORDERS)
_TIMER = f'"type":"{Wake.__name__}"}}'
"""How bodies of effects end. Timers are not kept; journals of before hold some."""


def _with_keeping(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 1 as of version 2, which say how long orders are remembered."""
    return plain | {"keeping": asdict(KEEPING)}


def _with_slices(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 2 as of version 3, which may send an entry in slices: they do not."""
    return plain | {"slices": asdict(SliceRules())}


def _with_settling(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 3 as of version 4, which may tell what orders cost: they do not."""
    return plain | {"settle_ns": 0, "slip_alarm": 0.0}


def _with_rungs(plain: dict[str, Any]) -> dict[str, Any]:
    """Return an event of version 1 as of version 2, whose links know the slippage of sizes."""
    return plain | {"link": plain["link"] | {"rungs": []}} if "link" in plain else plain


def _with_warning(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 4 as of version 5, which may tell people more: they do not."""
    return plain | {"drawdown_warning": 1.0, "tells_lost": False}


def _with_traders(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 5 as of version 6: one strategy owned all symbols."""
    held, session = plain.pop("permission"), plain["session"]
    found = plain | {"permissions": [] if held is None else [held]}
    if session is None:
        return found
    names = ("strategy", "strategy_hash", "params")
    rest = {name: value for name, value in session.items() if name not in names}
    trader = {"name": "", **{name: session[name] for name in names}}
    seats = [{**seat, "trader": 0} for seat in session["seats"]]
    return found | {"session": {**rest, "traders": [trader], "seats": seats}}


def _with_strange(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 6 as of version 7: until then what others closed stayed a gap."""
    return plain | {"books_strange": False}


def _with_moves(plain: dict[str, Any]) -> dict[str, Any]:
    """Return an event of version 2 as of version 3: how far prices had moved was not looked at."""
    moves = {"moved_1m": 0.0, "moved_5m": 0.0}
    return plain | {"link": plain["link"] | moves} if "link" in plain else plain


def _with_calm(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 7 as of version 8, which hold entries against moves of the market."""
    return plain | {"limits": plain["limits"] | {"moved_1m": 0.05, "moved_5m": 0.1}}


def _with_names(plain: dict[str, Any]) -> dict[str, Any]:
    """Return an event of version 3 as of version 4: flows had no names, and were told at once."""
    if plain.get("type") != "Flowed":
        return plain
    return plain | {"is_quote": True, "flowed_ns": 0, "name": ""}


def _with_depth(plain: dict[str, Any]) -> dict[str, Any]:
    """Return an event of version 4 as of version 5: nobody knew what a book usually shows."""
    return plain | {"link": plain["link"] | {"depth_share": None}} if "link" in plain else plain


def _with_birth(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 8 as of version 9: ids were not made of when the journal began."""
    return plain | {"names_birth": False}


def _without_sector(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 9 as of version 10: the gate held no sectors, the kernel does.

    A stop-limit's room grew with nothing.
    """
    limits = {name: one for name, one in plain["limits"].items() if name != "sector_share"}
    return plain | {"limits": limits, "abilities": plain["abilities"] | {"offset_atr": 0.0}}


def _with_funds(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 10 as of version 11: nobody asked the venue what was free."""
    return plain | {"limits": plain["limits"] | {"funds_age_ns": 0}}


def _with_sizes(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 11 as of version 12: it was not told what a size was made of."""
    return plain | {"tells_sizes": False}


def _with_edge(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 12 as of version 13: no entry was held against its costs."""
    unstated = {"mean_return": None, "slippage": 0.0}
    return plain | {"permissions": [one | unstated for one in plain["permissions"]]}


def _with_shocks(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 13 as of version 14: nobody listened to announcements."""
    return plain | {"tighten_atr": 0.0, "has_source": False}


def _with_kill(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 14 as of version 15: a person's kill was not told."""
    return plain | {"tells_kill": False}


def _with_pairs(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 15 as of version 16: a take on spot was watched, in no pair.

    No venue moved a stop by itself.
    """
    unknown = {"pairs": False, "trails": False, "trail_ppm": 0}
    return plain | {"abilities": plain["abilities"] | unknown}


def _with_all(plain: dict[str, Any]) -> dict[str, Any]:
    """Return rules of version 16 as of version 17.

    What the kernel refused the gate never saw, and later slices were held against the first costs.
    """
    return plain | {"tells_all": False, "recosts_slices": False}


CODEC = Codec(
    Kind(
        EVENT,
        Event,
        version=5,
        upgrades={1: _with_rungs, 2: _with_moves, 3: _with_names, 4: _with_depth},
    ),
    Kind(EFFECT, Effect),
    Kind(
        RULES,
        NodeRules,
        version=17,
        upgrades={
            1: _with_keeping,
            2: _with_slices,
            3: _with_settling,
            4: _with_warning,
            5: _with_traders,
            6: _with_strange,
            7: _with_calm,
            8: _with_birth,
            9: _without_sector,
            10: _with_funds,
            11: _with_sizes,
            12: _with_edge,
            13: _with_shocks,
            14: _with_kill,
            15: _with_pairs,
            16: _with_all,
        },
    ),
)


class JournalledNode:
    """A node and the journal it lives in; `started` makes one."""

    def __init__(self, node: Node, journal: Journal, since: int = 0) -> None:
        """Go on with a node whose journal this is, `since` records after its last snapshot."""
        self.node = node
        self.journal = journal
        self.snapshot_records = SNAPSHOT_RECORDS
        self._since = since

    def handle(self, event: Event) -> list[Effect]:
        """Take an event; return its effects once both are on the medium.

        Raise `WriteFailedError` where they are not: then nothing may be sent, and the node halts.
        """
        effects = self.node.handle(event)
        entries = entries_of(event, effects, self.node.now_ns)
        head = self.journal.append(entries)
        self._since += len(entries)
        if self._since >= self.snapshot_records:
            self._since = 0
            self.journal.snapshot(packed(self.node), seq=head.seq, at_ns=self.node.now_ns)
        return effects


def started(
    rules: NodeRules, journal: Journal, at_ns: int, classes: Sequence[AnyStrategy] = ()
) -> tuple[JournalledNode, list[Effect]]:
    """Start a node from its journal, new or old; return it and what is to be done first.

    Other rules than the last ones hold from now on, and are written down.
    """
    replay = _restored(journal, classes)
    found = replay.node
    node = Node(rules, classes) if found is None else found
    if found is None or found.rules != rules:
        node.rules = rules
        journal.append([CODEC.entry(rules, at_ns)])
    # What was replayed counts: one that ends again and again must not replay more each time. And a
    # snapshot that could not be read, of another version perhaps, is made anew at once.
    since = SNAPSHOT_RECORDS if replay.is_unread else replay.events + replay.effects
    live = JournalledNode(node, journal, since)
    return live, live.handle(Started(at_ns))


def restored(journal: Journal, classes: Sequence[AnyStrategy] = ()) -> Node | None:
    """Return the node of a journal: its newest snapshot, and what came after it on top.

    Without one that can be read the journal is replayed from its first record.
    """
    return _restored(journal, classes).node


def _restored(journal: Journal, classes: Sequence[AnyStrategy]) -> Replay:
    loaded = journal.load()
    if loaded.snapshot is not None:
        try:
            node = unpacked(loaded.snapshot.state, classes)
        except DataError:
            found = replayed(journal.records(), classes, acts_only=True)
            found.is_unread = True
            return found
        return replayed(loaded.tail, classes, node, acts_only=True)
    return replayed(loaded.tail, classes, acts_only=True)


@dataclass(slots=True)
class Replay:
    """What a journal came to. `node` is None where it holds none yet."""

    node: Node | None = None
    events: int = 0
    effects: int = 0
    starts: int = 0
    is_unread: bool = False
    """Whether there is a snapshot, and it could not be read."""


def replayed(
    records: Iterable[Record],
    classes: Sequence[AnyStrategy] = (),
    node: Node | None = None,
    *,
    acts_only: bool = False,
) -> Replay:
    """Run a journal again; raise `DataError` at the first effect that is another than was written.

    `node` is the one that a snapshot before the first of these records gave. Nothing is done again:
    what was on its way is unknown from the next `Started` on. Other kinds are passed over.
    With `acts_only` only what changes orders is compared: not words, not questions.
    """
    replay = Replay(node)
    expected: list[Entry] = []
    for record in records:
        match record.kind:
            case "node.rules":
                _require_done(expected, record)
                rules: NodeRules = CODEC.value(record)
                if replay.node is None:
                    replay.node = Node(rules, classes)
                replay.node.rules = rules
            case "node.event":
                _require_done(expected, record)
                if replay.node is None:
                    raise DataError("an event before any rules", where=f"record {record.seq}")
                event: Event = CODEC.value(record)
                effects = replay.node.handle(event)
                every = entries_of(event, effects, replay.node.now_ns)[1:]
                expected = [one for one in every if _is_compared(one.body, acts_only=acts_only)]
                replay.events += 1
                replay.starts += isinstance(event, Started)
            case "node.effect" if _is_compared(record.body, acts_only=acts_only):
                wanted = expected.pop(0) if expected else None
                if wanted is None or wanted.body != record.body:
                    raise _differs(record, wanted)
                replay.effects += 1
            case _:
                pass
    if expected:
        raise DataError("the last step of the journal is not whole", where="its end")
    return replay


def entries_of(event: Event, effects: Iterable[Effect], at_ns: int) -> list[Entry]:
    """Return what the journal keeps of one step: the event, then what came of it, but no timers.

    A start sets its own; of a quiet node they were half of the journal.
    """
    kept = [one for one in effects if not isinstance(one, Wake)]
    return [CODEC.entry(event, at_ns), *(CODEC.entry(one, at_ns) for one in kept)]


def _is_compared(body: str, *, acts_only: bool) -> bool:
    """Whether an effect must be the same again; one of a kind that is not known must be too."""
    return body.endswith(_ACTS) if acts_only else not body.endswith(_TIMER)


def _differs(record: Record, wanted: Entry | None) -> DataError:
    return DataError(
        f"another effect than was written: {wanted.body[:200] if wanted else 'none'}",
        where=f"record {record.seq}",
        expected=record.body[:200],
        fix="start the version that wrote this journal",
    )


def _require_done(left: list[Entry], record: Record) -> None:
    if left:
        raise DataError(
            f"{len(left)} effects of the step before are missing", where=f"record {record.seq}"
        )
