"""A supervisor and real processes that crash, hang, grow, and are stopped (R-DEP-01, S-33).

Time is moved by the test: a pause costs nothing, and silence lasts as long as the test says.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from ballast.core.errors import DataError, UserError
from ballast.service.supervise.ear import ear
from ballast.service.supervise.heart import MACHINE, PORT_VARIABLE, VARIABLE, heart
from ballast.service.supervise.history import History, HistoryFile
from ballast.service.supervise.supervisor import GAVE_UP, Rules, Supervisor
from ballast.service.supervise.verdict import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULES = Rules(restarts_hour=5, memory_mb=10_000.0)
NOON_NS = 43_200 * 10**9
HEAD = f"""
import os, signal, sys, time
from pathlib import Path
starts = Path(sys.argv[1])
with starts.open("a") as file:
    file.write("x")
life = len(starts.read_text())
def beat():
    os.write(int(os.environ["{VARIABLE}"]), b".")
"""
WAITS = "while True:\n    signal.pause()\n"


class SteeredClock:
    """Waiting takes a moment and moves nothing; only the wait for a good end is a real one."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds if seconds == RULES.settle_s else 0.01)


class Scene:
    """One supervisor over a script."""

    def __init__(self, folder: Path, script: str, rules: Rules = RULES) -> None:
        self.starts = folder / "starts"
        self.file = HistoryFile(folder / "state" / "restarts.json")
        self.clock = SteeredClock()
        self.alerts: list[str] = []
        self.now_ns = NOON_NS
        self.command = (sys.executable, "-c", HEAD + script, str(self.starts))
        self.rules = rules

    def supervisor(self) -> Supervisor:
        return Supervisor(
            self.command, self.file, self.rules, self.clock, lambda: self.now_ns,
            lambda _: None, self.alerts.append,
        )  # fmt: skip

    def run(self) -> int:
        return asyncio.run(self.supervisor().run())

    def lives(self) -> int:
        return len(self.starts.read_text()) if self.starts.exists() else 0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does: there is no event to wait for."""
    async with asyncio.timeout(30.0):
        while not condition():  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.005)


def is_stopped(pid: int) -> bool:
    """Whether a child is held by SIGSTOP."""
    flags = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, flags) is not None


def test_a_crash_loop_is_started_again_five_times_and_then_given_up(tmp_path: Path) -> None:
    """A-OPS-07: the sixth crash in an hour ends it, with an alert."""
    scene = Scene(tmp_path, "beat(); sys.exit(70)")
    assert scene.run() == GAVE_UP
    assert scene.lives() == 6
    assert len(scene.alerts) == 6
    assert scene.alerts[-1].startswith("given up: it crashed after 5 restarts within an hour")
    assert scene.file.read().gave_up_ns == NOON_NS


def test_what_was_given_up_stays_so_within_the_hour_until_a_person_says_otherwise(
    tmp_path: Path,
) -> None:
    """A service manager that starts the supervisor again does not renew the budget."""
    scene = Scene(tmp_path, "beat(); os.kill(os.getpid(), signal.SIGKILL)")
    assert scene.run() == GAVE_UP
    with pytest.raises(UserError, match=r"was given up at 1970-01-01 12:00.*SIGKILL.*--anew"):
        scene.run()
    assert scene.lives() == 6
    scene.now_ns += HOUR_NS
    assert scene.run() == GAVE_UP
    assert scene.lives() == 12
    scene.file.write(History())  # --anew
    assert scene.run() == GAVE_UP
    assert scene.lives() == 18


def test_a_supervisor_that_was_killed_itself_has_what_was_left_of_the_budget(
    tmp_path: Path,
) -> None:
    """Its file says that nobody saw an end: starting again is a restart."""
    scene = Scene(tmp_path, "beat(); sys.exit(70)")
    scene.file.write(History((NOON_NS, NOON_NS, NOON_NS), is_open=True))
    assert scene.run() == GAVE_UP
    assert scene.lives() == 2, "the fourth restart and the fifth"


@pytest.mark.parametrize(("code", "alerts"), [(0, 0), (130, 0), (2, 1)])
def test_a_wanted_end_and_a_wrong_input_are_not_started_again(
    code: int, alerts: int, tmp_path: Path
) -> None:
    scene = Scene(tmp_path, f"beat(); sys.exit({code})")
    assert scene.run() == code
    assert scene.lives() == 1
    assert len(scene.alerts) == alerts


def test_a_loop_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    """G7: the process is there, and does not turn: SIGSTOP holds it in the middle of its work."""
    scene = Scene(
        tmp_path, "beat()\nif life == 1: os.kill(os.getpid(), signal.SIGSTOP)\nelse: sys.exit(0)"
    )

    async def story() -> int:
        one = scene.supervisor()
        work = asyncio.ensure_future(one.run())
        await until(lambda: one.beats > 0 and one.process is not None)
        assert one.process is not None
        pid = one.process.pid
        await until(lambda: is_stopped(pid))
        scene.clock.now_s += RULES.silent_s - 1.0
        await asyncio.sleep(0.1)
        assert scene.lives() == 1, "not yet"
        scene.clock.now_s += 2.0
        return await work

    assert asyncio.run(story()) == 0
    assert scene.lives() == 2
    assert "hung" in scene.alerts[0]


def test_a_start_has_longer_than_a_beat_but_not_for_ever(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "if life == 2: sys.exit(0)\n" + WAITS)

    async def story() -> int:
        one = scene.supervisor()
        work = asyncio.ensure_future(one.run())
        await until(lambda: scene.lives() == 1)
        scene.clock.now_s += RULES.start_s - 1.0
        await asyncio.sleep(0.1)
        assert scene.lives() == 1
        scene.clock.now_s += 2.0
        return await work

    assert asyncio.run(story()) == 0
    assert scene.lives() == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_child_settles(
    number: signal.Signals, tmp_path: Path
) -> None:
    script = (
        f"""
def settle(*_):
    Path(sys.argv[1]).with_name("settled").write_text("yes")
    sys.exit(0)
signal.signal({int(number)}, settle)
beat()
"""
        + WAITS
    )
    scene = Scene(tmp_path, script)

    async def story() -> int:
        one = scene.supervisor()
        work = asyncio.ensure_future(one.run())
        await until(lambda: one.beats > 0)
        one.stop(number)
        return await work

    assert asyncio.run(story()) == 0
    assert (tmp_path / "settled").exists()
    assert scene.lives() == 1
    assert not scene.file.read().is_open


def test_a_child_that_does_not_settle_is_killed(tmp_path: Path) -> None:
    rules = Rules(restarts_hour=5, memory_mb=10_000.0, settle_s=0.1)
    scene = Scene(
        tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nbeat()\n" + WAITS, rules
    )

    async def story() -> int:
        one = scene.supervisor()
        work = asyncio.ensure_future(one.run())
        await until(lambda: one.beats > 0)
        one.stop()
        return await work

    assert asyncio.run(story()) == 128 + signal.SIGKILL
    assert scene.lives() == 1


def test_a_process_that_grows_beyond_its_memory_is_ended_in_good_order_and_started_again(
    tmp_path: Path,
) -> None:
    """R-DEP-02."""
    script = (
        """
if life == 2: sys.exit(0)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
held = bytearray(os.urandom(1)) * 150_000_000
beat()
"""
        + WAITS
    )
    scene = Scene(tmp_path, script, Rules(restarts_hour=5, memory_mb=100.0))
    assert scene.run() == 0
    assert scene.lives() == 2
    assert "too much memory" in scene.alerts[0]


def test_a_stop_during_the_pause_starts_nothing_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "sys.exit(70)")

    async def story() -> int:
        one = scene.supervisor()

        async def sleep(_: float) -> None:
            if scene.alerts:  # the pause before the restart
                one.stop()
            await asyncio.sleep(0.01)

        scene.clock.sleep = sleep  # type: ignore[method-assign]
        return await one.run()

    assert asyncio.run(story()) == 0
    assert scene.lives() == 1


def test_a_session_ends_in_good_order_when_its_supervisor_is_gone() -> None:
    """Else the next supervisor's process would find the lease taken."""
    read, write = os.pipe()
    gone: list[bool] = []
    beat = heart({VARIABLE: str(write)}, lambda: gone.append(True))
    beat()
    assert os.read(read, 10) == b"."
    os.close(read)
    beat()
    beat()
    assert gone == [True]
    os.close(write)


def test_a_supervisor_that_does_not_read_holds_nobody_up() -> None:
    read, write = os.pipe()
    beat = heart({VARIABLE: str(write)}, lambda: None)
    for _ in range(100_000):  # a pipe holds 65,536
        beat()
    os.close(read)
    os.close(write)


def test_without_a_supervisor_a_heart_is_silent_and_a_wrong_number_is_refused() -> None:
    heart({}, lambda: None)()
    for wrong in ("x", "987654"):
        with pytest.raises(UserError, match="is no open pipe"):
            heart({VARIABLE: wrong}, lambda: None)


def test_beats_are_heard_at_a_port_where_no_pipe_is_handed_over() -> None:
    """R-ARCH-18: as on Windows; who does not know the word is not heard."""
    beats: list[int] = []
    gone: list[bool] = []

    async def story() -> None:
        async with ear(beats.append, has_pipe=False) as given:
            assert given.pass_fds == ()
            port = int(given.environment[PORT_VARIABLE].split(":")[0])
            _, stranger = await asyncio.open_connection(MACHINE, port)
            stranger.write(b"x" * 100)
            beat = await asyncio.to_thread(heart, given.environment, lambda: gone.append(True))
            beat()
            beat()
            await until(lambda: sum(beats) == 2)
            assert not gone
            stranger.close()
        await until(lambda: beat() or bool(gone))
        beat()
        assert gone == [True], "told once"
        for wrong in ("x", "99999999:x", given.environment[PORT_VARIABLE]):
            with pytest.raises(UserError, match="nobody listens there"):
                heart({PORT_VARIABLE: wrong}, lambda: None)

    asyncio.run(story())
    assert sum(beats) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"restarts_ns": 3}', '{"restarts_ns": []}'])
def test_a_broken_history_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "restarts.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"is no history of restarts.*--anew"):
        HistoryFile(path).read()
