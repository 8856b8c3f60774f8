"""Supervisor: starts a process, listens to its heart, and starts it again within its budget.

It ends a process in two ways: SIGTERM, for one that listens, so that it settles what is under way;
SIGKILL, for one that is silent or does not end. Either is safe at any moment: the journal is
written before anything is sent, and what is held keeps its stops at the venue (R-DEP-01, S-33).

On Windows SIGTERM is a kill. There Ctrl-Break asks for a good end, of a process group of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError
from ballast.core.time import format_ms
from ballast.runtime.shell.machine import own_mb
from ballast.service.supervise.ear import ear
from ballast.service.supervise.verdict import Again, Ending, GiveUp, ending_of, follows
from ballast.store.disk import IS_POSIX

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from ballast.core.ports import Clock
    from ballast.service.supervise.history import History, HistoryFile

MS_NS = 1_000_000
LOOK_S = 0.5
"""Between two looks at silence and memory."""
GAVE_UP = 71
"""Exit code where a person must look; EX_OSERR of sysexits.h, which nothing else here uses."""
_BREAK: signal.Signals | None = getattr(signal, "CTRL_BREAK_EVENT", None)
_OWN_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed, in seconds, megabytes and restarts an hour."""

    restarts_hour: int
    memory_mb: float
    start_s: float = 300.0
    """Until the first beat: compiling, candles, the journal's replay, the streams."""
    silent_s: float = 30.0
    """Between two beats, which come four times a second."""
    settle_s: float = 30.0
    """For an end in good order; a session gives its answers under way 10 s."""


class Supervisor:
    """Runs one command until it ends well, ends for good, or is stopped."""

    def __init__(
        self,
        command: Sequence[str],
        file: HistoryFile,
        rules: Rules,
        clock: Clock,
        now_ns: Callable[[], int],
        tell: Callable[[str], None],
        alert: Callable[[str], None],
        stdout: int | None = None,
    ) -> None:
        """Prepare; `tell` is for the log, `alert` for a person who is elsewhere.

        What the process prints goes to `stdout`, a descriptor; None: where ours goes.
        """
        self.process: Process | None = None
        self.beats = 0
        """Of the process that runs now."""
        self._command = tuple(command)
        self._file = file
        self.history = file.read()
        self._rules = rules
        self._clock = clock
        self._now_ns = now_ns
        self._tell = tell
        self._alert = alert
        self._stdout = stdout
        self._stopped = asyncio.Event()
        self._signal = signal.SIGTERM
        self._beat_s = 0.0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Pass a signal on and start nothing more; may be called again."""
        self._signal = number
        self._stopped.set()
        self._ask_to_end(number)

    async def run(self) -> int:
        """Run it; return an exit code. Raise `UserError` where it was given up within this hour."""
        self._require_budget()
        is_restart = self.history.is_open
        if is_restart:
            self._tell("the last supervisor did not see the end of its process: a restart")
        while True:
            self._keep(self.history.begun(self._now_ns(), is_restart=is_restart))
            ending, code = await self._life()
            if self._stopped.is_set():
                self._keep(self.history.ended(Ending.DONE.value))
                return code if code >= 0 else 128 - code
            now_ns = self._now_ns()
            next_ = follows(ending, self.history.restarts_ns, now_ns, self._rules.restarts_hour)
            said = f"{ending.value} ({_exit(code)})"
            match next_:
                case None:
                    self._keep(self.history.ended(said))
                    return code
                case GiveUp(why):
                    self._keep(self.history.ended(said, gave_up_ns=now_ns))
                    self._alert(
                        f"given up: it {why} ({_exit(code)}); what is held keeps its stops at the "
                        "venue, and nobody manages it"
                    )
                    return code if ending is Ending.WRONG else GAVE_UP
                case Again(pause_s):
                    self._keep(self.history.ended(said))
                    self._alert(f"it {said}; starting again in {pause_s:.0f} s")
                    await self._wait(pause_s)
                    if self._stopped.is_set():
                        return 0
            is_restart = True

    def _require_budget(self) -> None:
        """Raise `UserError` where it was given up, and the hour that spent the budget lasts."""
        held, most = self.history, self._rules.restarts_hour
        if not held.gave_up_ns or not held.is_spent(self._now_ns(), most):
            return
        raise UserError(
            f"was given up at {format_ms(held.gave_up_ns // MS_NS)} UTC after {most} restarts "
            f"within an hour: it {held.why}",
            where="supervise",
            fix="find out why, then start it with --anew",
        )

    def _keep(self, history: History) -> None:
        self._file.write(history)
        self.history = history

    # One life -------------------------------------------------------------------------------

    async def _life(self) -> tuple[Ending, int]:
        """Run the process once; return how it ended."""
        self.beats = 0
        self._beat_s = self._clock.monotonic()
        async with ear(self._hear, has_pipe=IS_POSIX) as given:
            self.process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,  # nobody is there to be asked at night
                stdout=self._stdout,
                pass_fds=given.pass_fds,
                env={**os.environ, **given.environment},
                start_new_session=True,  # a terminal's Ctrl-C reaches it once: by us
                creationflags=_OWN_GROUP,
            )
            given.is_given()
            try:
                if self._stopped.is_set():  # while it was being started
                    self._ask_to_end(self._signal)
                cause = await self._watch(self.process)
                code = await self.process.wait()
            finally:
                if self.process.returncode is None:  # we are being cancelled: leave nobody behind
                    self.process.kill()
        return cause or ending_of(code), code

    async def _watch(self, process: Process) -> Ending | None:
        """Wait until it ends; end it where it is silent or too large, and say so."""
        ended = asyncio.ensure_future(process.wait())
        while True:
            await self._wait(LOOK_S, ended)
            if ended.done():
                return None
            if self._stopped.is_set():
                await self._settled(ended)
                return None
            silent_s = self._clock.monotonic() - self._beat_s
            if silent_s > (self._rules.silent_s if self.beats else self._rules.start_s):
                self._tell(f"no beat for {silent_s:.0f} s")
                self._kill()
                await ended
                return Ending.HUNG
            used_mb = own_mb(process.pid)
            if used_mb is not None and used_mb > self._rules.memory_mb:
                self._tell(f"{used_mb:.0f} MB of {self._rules.memory_mb:.0f}")
                self._ask_to_end(signal.SIGTERM)
                await self._settled(ended)
                return Ending.GROWN

    async def _settled(self, ended: asyncio.Future[int]) -> None:
        """Give it time to end in good order, then end it."""
        over = asyncio.ensure_future(self._clock.sleep(self._rules.settle_s))
        waits: list[asyncio.Future[Any]] = [ended, over]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not ended.done():
            self._tell(f"did not end within {self._rules.settle_s:.0f} s")
            self._kill()
            await ended

    async def _wait(self, seconds: float, *others: asyncio.Future[int]) -> None:
        """Wait until the time is over, we are stopped, or one of the others is done."""
        over = asyncio.ensure_future(self._clock.sleep(seconds))
        stop = asyncio.ensure_future(self._stopped.wait())
        waits: list[asyncio.Future[Any]] = [*others, over, stop]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        stop.cancel()

    def _hear(self, beats: int) -> None:
        self.beats += beats
        self._beat_s = self._clock.monotonic()

    def _ask_to_end(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number if _BREAK is None else _BREAK)

    def _kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
