"""Screen: a session as a person sees it, on stderr; a line an event where there is no terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.time import format_ms
from ballast.runtime.node.events import Alert, Judged, Sliced
from ballast.service.announce.shown import shock_lines
from ballast.service.cli.output import note, rich_table
from ballast.service.cli.session_tables import session_tables, table_of
from ballast.service.diagnose.connection import summary_of
from ballast.service.diagnose.health import health_line
from ballast.service.live.state import live_state_of
from ballast.service.paper.exposure import exposure_line
from ballast.service.paper.state import state_of
from ballast.service.runbooks import runbook_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Group

    from ballast.runtime.node.events import Effect
    from ballast.service.live.running import LiveRunning
    from ballast.service.paper.running import Running

T = TypeVar("T")
MS_NS = 1_000_000


def line_of(at_ns: int, effect: Effect) -> str:
    """Return what the log says of an effect; empty: nothing."""
    at = format_ms(at_ns // MS_NS)
    match effect:
        case Judged(reasons=()):
            return f"{at} {effect.symbol} entry sent"
        case Judged():
            return f"{at} {effect.symbol} no entry: {'; '.join(effect.reasons)}"
        case Sliced():
            left = f", {effect.dropped_lots} lots dropped" if effect.dropped_lots else ""
            return (
                f"{at} {effect.symbol} slice {effect.sent} of {effect.slices}{left}: {effect.text}"
            )
        case Alert():
            return f"{at} {effect.symbol or 'account'} {effect.text}{entry_of(effect.text)}"
        case _:
            return ""


def entry_of(text: str) -> str:
    """Return the name of an alert's entry in docs/runbooks.md, in brackets; '' for none."""
    entry = runbook_of(text)
    return f" [{entry}]" if entry else ""


def teller(*, is_on: bool) -> Callable[[int, Effect], None]:
    """Return what prints a line an event, where nobody draws a screen."""

    def tell(at_ns: int, effect: Effect) -> None:
        line = line_of(at_ns, effect)
        if line:
            note(line)

    return tell if is_on else lambda _, __: None


@contextmanager
def screen(*, quiet: bool) -> Iterator[Callable[[Running], None]]:
    """Lend a function that draws a paper session; it draws nothing where nobody looks."""
    with _lent(state_of, quiet=quiet) as draw:
        yield draw


@contextmanager
def live_screen(*, quiet: bool) -> Iterator[Callable[[LiveRunning], None]]:
    """Lend a function that draws a live session."""
    with _lent(live_state_of, quiet=quiet) as draw:
        yield draw


@contextmanager
def _lent(state: Callable[[T], dict[str, Any]], *, quiet: bool) -> Iterator[Callable[[T], None]]:
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield lambda running: live.update(drawn(state(running)), refresh=True)


def drawn(state: dict[str, Any]) -> Group:
    """Return the screen of a state."""
    from rich.console import Group
    from rich.text import Text

    change = state["equity"] / state["cash"] - 1.0
    head = Text.assemble(
        (f" {state['mode'].upper()} ", "bold reverse"),
        f"  {state['time']} UTC  {state['strategy']}  account {state['account']}  "
        f"equity {state['equity']:,.2f} ({change:+.2%})  {state['fills']} fills  "
        f"{state['entries']} entries, {state['refused']} refused  "
        f"fees {state['fees']:,.2f}, slippage {state['slippage']:,.2f}",
    )
    faults = ", ".join(f"{count} {name}" for name, count in sorted(state["faults"].items()))
    return Group(
        head,
        Text(f" {state['reason']}" + (f"; faults so far: {faults}" if faults else "")),
        *(
            Text(f" {one}", "bold yellow")
            for one in shock_lines(state["announced"], state["event_source"])
        ),
        Text(f" {summary_of(state['connection'])}" if "connection" in state else ""),
        Text(f" {health_line(state.get('health', {}))}"),
        Text(f" {exposure_line(state['exposure'])}"),
        *(rich_table(table) for table in session_tables(state)),
        *(
            rich_table(table_of("alerts (docs/runbooks.md)", one))
            for one in [state["alerts"]]
            if one
        ),
    )
