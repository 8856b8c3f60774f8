"""Running: a session from its journal, step by step, until it ends or somebody stops it."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.codec import Codec, Kind
from ballast.core.errors import UserError
from ballast.core.time import format_ms
from ballast.risk.halt.modes import Command
from ballast.runtime.clock import SystemClock
from ballast.runtime.node.events import Alert, Effect, Judged, Learned
from ballast.runtime.node.journalled import RULES, started
from ballast.runtime.shell.feeds import RecordedFeed
from ballast.runtime.shell.paper import Paper
from ballast.runtime.shell.relive import relive
from ballast.runtime.shell.shell import Shell
from ballast.service.announce.telling import announce
from ballast.service.commands import commanded, take_commands
from ballast.service.paper.exposure import ExposureView
from ballast.service.paper.opening import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.journal import Journal
    from ballast.runtime.node.node import Node
    from ballast.service.paper.opening import Opened
    from ballast.store.inbox import Inbox, Message

MS_NS = 1_000_000
RECIPE = "paper.recipe"
CODEC = Codec(Kind(RECIPE, Recipe))
KEPT = 200
"""Verdicts and alerts kept for whoever looks."""


@dataclass(slots=True)
class Heard:
    """What the node said for people, newest last."""

    judged: list[tuple[int, Judged]] = field(default_factory=list)
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    refused: int = 0
    accepted: int = 0

    def note(self, at_ns: int, effect: Effect) -> None:
        """Keep what is for people."""
        match effect:
            case Judged():
                self.judged.append((at_ns, effect))
                del self.judged[:-KEPT]
                self.refused += bool(effect.reasons)
                self.accepted += not effect.reasons
            case Alert():
                self.alerts.append((at_ns, effect))
                del self.alerts[:-KEPT]
            case _:
                pass


class Running:
    """One session under way."""

    def __init__(
        self,
        opened: Opened,
        journal: Journal,
        inbox: Inbox | None = None,
        tell: Callable[[int, Effect], None] = lambda _, __: None,
    ) -> None:
        """Start from the journal, new or old: replay, ask the venue, reconcile, then trade."""
        self.opened = opened
        self.inbox = inbox
        self.heard = Heard()
        self.exposure = ExposureView(opened.legs)
        self._tell = tell
        exchange = opened.exchange
        _require_recipe(opened, journal)
        self.relived = relive(opened.client, journal.records())
        live, effects = started(opened.rules, journal, exchange.now_ns, opened.strategies)
        self.shell = Shell(live, opened.client, lambda: exchange.now_ns, self._hear)
        self.feed = RecordedFeed(opened.bars)
        self.paper = Paper(opened.client, self.shell, self.feed, opened.symbols)
        self.shell.started(effects)
        if self._last_open_ms() < 0:
            self.shell.tell(Learned(opened.history(exchange.now_ns // MS_NS), exchange.now_ns))
        self.feed.skip_to((self._last_open_ms() + opened.bars[0].timeframe.ms) * MS_NS)
        self.paper.show(exchange.now_ns)
        if not self.node.halt.who:
            self.command(Command.RESUME, getpass.getuser(), "a paper session begins")

    @property
    def node(self) -> Node:
        """The node."""
        return self.shell.node

    def _last_open_ms(self) -> int:
        """Return the open time of the newest bar that the node knows; -1: it knows none."""
        decider = self.node.decider
        if decider is None:
            return -1
        return max(decider.last_open_ms(symbol) for symbol in self.opened.symbols)

    def _hear(self, effect: Effect) -> None:
        at_ns = self.opened.exchange.now_ns
        self.heard.note(at_ns, effect)
        self._tell(at_ns, effect)

    # Steps ----------------------------------------------------------------------------------

    def step(self) -> bool:
        """Go on to the next close and through it; return False when no bar is left."""
        self.take_commands()
        close_ns = self.feed.next_close_ns(self.opened.exchange.now_ns)
        return close_ns is not None and self.paper.run(close_ns)

    def take_commands(self) -> None:
        """Take a person's commands out of the inbox, in order."""
        take_commands(self.inbox, self.command, announce=self.announce)

    def command(self, command: Command, who: str, reason: str) -> str:
        """Carry out a command; return what came of it."""
        now_ns = self.opened.exchange.now_ns
        return commanded(self.node, self.shell.tell, command, who, reason, now_ns)

    def announce(self, message: Message) -> str:
        """Take what somebody announces: it lasts as long, from this session's time on."""
        now_ns = self.opened.exchange.now_ns
        apart_ns = now_ns - SystemClock().now_ns()
        return announce(self.node, self.shell.tell, message, now_ns, apart_ns)


def _require_recipe(opened: Opened, journal: Journal) -> None:
    """Write down what the exchange is made of; raise `UserError` where it was made otherwise.

    A journal with a node and without a recipe is no paper account's.
    """
    kept: Recipe | None = None
    is_used = False
    for record in journal.records():
        is_used = is_used or record.kind == RULES
        if record.kind == RECIPE:
            kept = CODEC.value(record)
    if kept == opened.recipe:
        return
    if kept is not None or is_used:
        raise UserError(
            f"the journal is of {'another' if kept else 'no'} paper session",
            where=f"account {opened.rules.account}",
            expected=_words(kept) if kept else "",
            fix="start that one again, or take another account: --set journal.account=NAME",
        )
    journal.append([CODEC.entry(opened.recipe, opened.exchange.now_ns)])


def _words(recipe: Recipe) -> str:
    """Say what a session was made of."""
    return (
        f"{', '.join(recipe.symbols)} {recipe.timeframe} of {recipe.venue} from "
        f"{format_ms(recipe.first_ms)}, cash {recipe.cash:g}, faults {recipe.fault_rate:g}, "
        f"seed {recipe.seed}, candles {recipe.history[:8]}"
    )
