"""Announcing: what somebody announced to an account, and what that changes (R-DATA-23).

The gate refuses entries of the symbols that are named, what rests of them is cancelled, and nothing
more of an entry in slices is sent. What is on its way and fills all the same is kept, under its
stop. Where the rules have a distance and the announcement asks for it, each stop moves closer once,
and the guard carries that to the venue as it does every move: its own rules of how often hold.

A source that is not heard refuses entries and cancels nothing: nobody has said that anything is
the matter.
"""

from __future__ import annotations

from dataclasses import replace

from ballast.risk.halt import shocks as announcements
from ballast.risk.halt.shocks import UNHEARD, Shock
from ballast.runtime.node.accounting import Accounting
from ballast.runtime.node.events import Alert, Announced, HealthShown, SourceShown, Wake


class Announcing(Accounting):
    """An account that hears of shocks."""

    def _news(self, event: HealthShown | Announced | SourceShown) -> None:
        """Take what is said about the world around the account."""
        match event:
            case HealthShown():
                self._felt(event)
            case Announced():
                self._announce(event)
            case SourceShown():
                self._source(event.fault)

    def _announce(self, event: Announced) -> None:
        """Take an announcement; tell a person what begins and what is withdrawn."""
        before = {one.name: one for one in self.shocks.in_force}
        one = Shock(
            event.name, event.source, event.text, event.symbols, event.until_ns,
            tightens=event.tightens,
        )  # fmt: skip
        self.shocks = announcements.announced(self.shocks, one, self.now_ns)
        after = self.shocks.in_force
        for shock in after:
            was = before.get(shock.name)
            if was is None or was.says != shock.says:
                text = f"announced: {shock.line}: nothing is opened in {shock.where}"
                self._out.append(Alert("", text))
            if was is None or was.until_ns != shock.until_ns:
                self._out.append(Wake(shock.until_ns))
        was = before.get(event.name)
        if was is not None and event.name not in {one.name for one in after}:
            self._tell_over(was)

    def _end_shocks(self) -> None:
        """Forget what is over."""
        self.shocks, gone = announcements.ended(self.shocks, self.now_ns)
        for shock in gone:
            self._tell_over(shock)

    def _tell_over(self, shock: Shock) -> None:
        self._out.append(Alert("", f"announcement over: {shock.text} ({shock.source})"))

    def _source(self, fault: str) -> None:
        """Take whether the source is heard; tell a person once."""
        was, self.shocks = self.shocks.fault, replace(self.shocks, fault=fault)
        if fault and was in {"", UNHEARD}:
            self._out.append(Alert("", f"event source: {fault}; no entries"))
        elif not fault and was not in {"", UNHEARD}:
            self._out.append(Alert("", "the event source is heard again"))

    def _listen(self) -> None:
        """Begin a process: what it has not heard yet may have been announced meanwhile."""
        self.shocks = replace(self.shocks, fault=UNHEARD if self.rules.has_source else "")
        self._out += [Wake(one.until_ns) for one in self.shocks.in_force]

    def _tighten(self, symbol: str) -> None:
        """Move the stop of a position closer, once for each announcement that asks for it."""
        atrs, decider, price = self.rules.tighten_atr, self.decider, self.desks[symbol].price_ticks
        if atrs <= 0.0 or decider is None or not price:
            return
        for shock in self.shocks.in_force:
            if not shock.tightens or not shock.names(symbol) or symbol in shock.tightened:
                continue
            told = replace(shock, tightened=(*shock.tightened, symbol))
            self.shocks = self.shocks.having(told)
            if decider.tighten(symbol, price, atrs):
                text = f"stop at most {atrs:g} ATR from the price: {shock.text} ({shock.source})"
            else:
                text = f"stop stays where it is, no ATR of its entry is known: {shock.text}"
            self._out.append(Alert(symbol, text))
