"""Accounting: what the account is worth, what came and went, and what its halt makes of it.

Marks move the levels that losses are measured from, flows scale them, a person's release begins
them anew; a drawdown that reaches its limit latches the kill switch.
"""

from __future__ import annotations

from decimal import Decimal

from ballast.risk.halt import baselines, flows, modes
from ballast.runtime.node import purse as purses
from ballast.runtime.node.adoption import Adopting
from ballast.runtime.node.desk import warning
from ballast.runtime.node.events import (
    Alert,
    Commanded,
    Flowed,
    Funded,
    FundsShown,
    Valued,
)

DRAWDOWN = "drawdown_kill"
"""The rule, as it is called where it latches the kill switch."""


class Accounting(Adopting):
    """The money of one account."""

    def _account(self, event: Valued | Flowed | Commanded | Funded | FundsShown) -> None:
        match event:
            case Valued():
                self.levels = baselines.marked(self.levels, event.equity, self.now_ns)
                self.past = flows.marked(self.past, self.levels)
                if self.levels.breaks(self.rules.drawdown_kill, of_day=False):
                    self._kill(DRAWDOWN, f"{self.levels.drawdown:.1%} below the peak")
                self.levels, line = warning(self.levels, self.rules)
                self._out += [Alert("", line)] if line else []
            case Flowed():
                self._flowed(event)
            case Funded():
                self._funded(event)
            case FundsShown():
                self.purse = purses.shown(self.purse, event)
            case Commanded():
                was = self.halt
                self.halt = self.halt_after(event.order, event.who, event.reason)
                if was.mode is modes.Mode.ALERT and self.halt.mode is not was.mode:
                    self._released(was, event)
                if was.mode is not modes.Mode.ALERT and self.halt.mode is modes.Mode.ALERT:
                    self._tell_kill(event)

    def _tell_kill(self, event: Commanded) -> None:
        """Tell a person's kill: who gave it sits at one screen, the others must know too."""
        if self.rules.tells_kill:
            self._out.append(Alert("", f"kill switch: {event.reason} ({event.who})"))

    def _flowed(self, event: Flowed) -> None:
        """Book what came or went, once: a venue shows it again whenever it is asked."""
        if event.name and event.name in self.past.names:
            return
        at_ns = event.flowed_ns or self.now_ns
        self.past, self.levels = flows.booked(
            self.past, self.levels, event.amount, at_ns, event.name
        )
        if self.decider is not None and event.is_quote:
            self.decider.flowed(event.amount)
        if event.name:
            word = "deposit" if event.amount >= 0 else "withdrawal"
            amount = self._amount(abs(event.amount))
            self._out.append(Alert("", f"{word} of {amount}: neither profit nor loss"))

    def _funded(self, event: Funded) -> None:
        """Book a funding payment once: a venue shows it again whenever it is asked."""
        desk = self.desk(event.symbol)
        if event.at_ns > desk.funded_ns:
            desk.funded_ns = event.at_ns
            if self.decider is not None:
                self.decider.funded(event.symbol, event.paid)

    def halt_after(self, order: modes.Command, who: str, reason: str) -> modes.Halt:
        """Return the state that a command leads to; raise `UserError` for one that may not be."""
        return modes.commanded(self.halt, order, who=who, reason=reason, at_ns=self.now_ns)

    def _released(self, was: modes.Halt, event: Commanded) -> None:
        """Measure the drawdown from present equity, where it was the drawdown that latched.

        Else the next mark would latch again, and a release would mean nothing. Whoever releases a
        kill of another cause has not said that the losses until then count no more: the peak stays.
        """
        live = self.decider.live if self.decider is not None else None
        is_killed = live is not None and bool(live.account.killed[0])
        is_broken = self.levels.breaks(self.rules.drawdown_kill, of_day=False)
        if was.who != DRAWDOWN and not is_killed and not is_broken:
            return
        before = self.levels
        self.levels = baselines.restarted(before)
        self.past = flows.restarted(self.past, self.levels)
        if live is not None:
            live.released()
        peak, equity = (self._amount(one) for one in (before.peak, before.equity))
        self._out.append(
            Alert(
                "",
                f"released: the drawdown is measured from {equity} on, the peak was {peak}"
                f" ({event.who}: {event.reason})",
            )
        )

    def _amount(self, atoms: int) -> str:
        """Return an amount for people: in quote units where the session says what those are."""
        if self.decider is None:
            return f"{atoms} atoms"
        seat = self.decider.session.seats[0]
        return f"{Decimal(atoms).scaleb(-seat.digits[seat.quote]).normalize():f} {seat.quote}"
