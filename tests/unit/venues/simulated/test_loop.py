"""What a served venue runs on leaves the process as it was."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from ballast.venues.simulated.server.loop import run

SIGNS = (signal.SIGINT, signal.SIGTERM)


async def hears_signals() -> int:
    """Wait for what stops it, as a served venue does."""
    stop = asyncio.Event()
    for one in SIGNS:
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(stop.wait(), 30)
    return 7


def test_signals_do_afterwards_what_they_did_before() -> None:
    """Else Ctrl-C would reach a loop that is closed, and nobody."""
    before = [signal.getsignal(one) for one in SIGNS]
    assert run(hears_signals()) == 7
    assert [signal.getsignal(one) for one in SIGNS] == before


def test_they_do_after_a_failure_too() -> None:
    async def fails() -> None:
        await hears_signals()
        raise ZeroDivisionError

    before = [signal.getsignal(one) for one in SIGNS]
    with pytest.raises(ZeroDivisionError):
        run(fails())
    assert [signal.getsignal(one) for one in SIGNS] == before


def test_in_another_thread_it_runs_as_well() -> None:
    async def answers() -> int:
        return 1

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(run(answers())))
    thread.start()
    thread.join()
    assert found == [1]
