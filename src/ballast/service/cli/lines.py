"""Lines: reaching a real venue from a command: which one, with which keys, or a rehearsal of it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ballast.core.errors import UserError
from ballast.service.cli.output import note

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ballast.runtime.wiring import Line, Rehearsal
    from ballast.service.keys.account import Keys as AccountKeys
    from ballast.service.keys.source import KeySource
    from ballast.venues.clients.access import Keys
    from ballast.venues.clients.asking.pools import Caps
    from ballast.venues.clients.calls import CallError
    from ballast.venues.clients.venues import Venue

T = TypeVar("T")

RehearseOption = Annotated[
    int,
    typer.Option(
        "--rehearse",
        min=0,
        max=65_535,
        help="TLS port of a simulated exchange on this machine: no other address is reached.",
    ),
]
SpeedOption = Annotated[
    float,
    typer.Option("--speed", min=0.1, max=100.0, help="Speed of the simulated exchange's clock."),
]
TestnetOption = Annotated[
    bool, typer.Option("--testnet", help="The venue's own test network: money that is none.")
]
CaOption = Annotated[
    Path | None, typer.Option("--ca", help="Certificate file that the simulated exchange named.")
]


def rehearsal_of(port: int, ca: Path | None, speed: float = 1.0) -> Rehearsal | None:
    """Return the rehearsal that the options name, None for the real venue."""
    from ballast.runtime.wiring import Rehearsal

    if not port and ca is None:
        return None
    if not port or ca is None:
        raise UserError(
            "--rehearse and --ca belong together",
            expected="the TLS port and the certificate file that `ballast venue serve` names",
        )
    return Rehearsal(port, ca, speed)


def keys_of(venue: str, account: str) -> Keys:
    """Return the keys of an account; raise `UserError` where there are none."""
    return signing(source_of(venue, account).current())


def signing(held: AccountKeys) -> Keys:
    """Return keys as a venue's client takes them."""
    from ballast.venues.clients.access import Keys

    return Keys(*held.texts())


def source_of(venue: str, account: str) -> KeySource:
    """Return where the keys of an account come from, now and after a rotation."""
    from ballast.service.cli import options
    from ballast.service.cli.keys import unlock_of
    from ballast.service.keys.source import open_source

    return open_source(
        venue,
        account,
        environment=os.environ,
        network=options.config().settings.network,
        unlock=unlock_of(None, None),
    )


async def opened(
    venue: Venue,
    keys: Keys | None,
    rehearsal: Rehearsal | None,
    *,
    may_change: bool = False,
    waits: bool = False,
) -> Line:
    """Reach a venue, to ask, or to trade too; raise `UserError` where it does not answer.

    One that `waits` is for a command that only asks: refused for its rate it waits as it is told,
    within bounds, says so, and asks again.
    """
    from ballast.runtime.shell.asking import FAULTS
    from ballast.runtime.wiring import open_line
    from ballast.service.live.running import KEY_FIX
    from ballast.venues.clients.asking.patience import PATIENT, WAITING
    from ballast.venues.clients.calls import CallError, Verdict

    patience = WAITING if waits else PATIENT
    try:
        return await open_line(
            venue, keys, rehearsal, may_change=may_change, caps=caps(), patience=patience,
            on_wait=_say_refusal if waits else lambda _error, _seconds: None,
        )  # fmt: skip
    except CallError as error:
        if error.verdict in FAULTS:
            raise unanswered(venue.access.venue, error) from None
        fix = KEY_FIX if error.verdict is Verdict.KEY else "see docs/venues.md"
        raise UserError(f"{venue.access.venue} cannot be used: {error}", fix=fix) from None


def say_why(what: str, seconds: float) -> None:
    """Tell a person at a terminal why nothing happens."""
    if sys.stderr.isatty():
        note(f"{what}; asking again in {seconds:.0f} s")


def _say_refusal(error: CallError, seconds: float) -> None:
    say_why(f"the venue does not answer now ({error.verdict})", seconds)


def unanswered(venue: str, error: CallError) -> UserError:
    """Return what to raise where a venue did not answer; exit code 75 where it may later."""
    from ballast.runtime.shell.asking import FAULTS
    from ballast.venues.errors import VenueUnavailableError

    kind = VenueUnavailableError if error.verdict in FAULTS else UserError
    return kind(f"{venue} does not answer: {error}", fix="see docs/venues.md, or try again later")


def caps() -> Caps:
    """Return how many calls a minute the settings allow."""
    from ballast.service.cli import options
    from ballast.venues.clients.asking.pools import Caps

    network = options.config().settings.network
    return Caps(network.orders_minute, network.data_minute, network.calls_minute)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of a command; what it raised in a group of tasks is raised alone."""
    try:
        return asyncio.run(work)
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
