"""Health watch: measures what the process and its machine are like, and tells the node of faults.

The node is told when the kinds of faults change, not of every figure: its journal holds why it
refused entries from when to when. The figures of now are for people.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from ballast.risk.halt.health import Health, HealthFault, faults_of
from ballast.runtime.node.events import HealthShown
from ballast.runtime.shell.machine import free_mb, own_cpu_s, own_mb

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.risk.halt.health import HealthLimits
    from ballast.runtime.shell.live import Live

PULSE_S = 0.1
"""Between two looks at the loop; what it is late is the lag."""
LOOK_S = 5.0
CPU_S = 60.0
"""What the share of a core is measured over: one close of many bars is no use of a minute."""
LAG_KEPT_S = 60.0
"""How long a lag counts: what blocked the loop once does so again."""
SECOND_NS = 1_000_000_000


class HealthWatch:
    """Watches one live session; `run` beside it until it is cancelled."""

    def __init__(
        self,
        live: Live,
        limits: HealthLimits,
        folder: Path,
        memory_mb: Callable[[], float | None] = own_mb,
        disk_mb: Callable[[Path], float | None] = free_mb,
        cpu_s: Callable[[], float] = own_cpu_s,
    ) -> None:
        """Watch the process of this session and the disk its journal lies on."""
        self.now = Health(0.0, None, None, 0.0)
        self.faults: tuple[HealthFault, ...] = ()
        self._live = live
        self._limits = limits
        self._folder = folder
        self._memory_mb, self._disk_mb = memory_mb, disk_mb
        self._lags: deque[tuple[float, float]] = deque()
        self._cpu_s = cpu_s
        self._used: deque[tuple[float, float]] = deque()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        before_s = looked_s = loop.time()
        self.look(before_s)
        while True:
            await asyncio.sleep(PULSE_S)
            now_s = loop.time()
            self.pulse(now_s, now_s - before_s - PULSE_S)
            before_s = now_s
            if now_s - looked_s >= LOOK_S:
                looked_s = now_s
                self.look(now_s)

    def pulse(self, now_s: float, lag_s: float) -> None:
        """Note how late the loop was; one over the limit is told at once."""
        while self._lags and self._lags[-1][1] <= lag_s:  # what a longer one will outlast
            self._lags.pop()
        self._lags.append((now_s, lag_s))
        if lag_s > self._limits.lag_s:
            self.look(now_s)

    def look(self, now_s: float) -> None:
        """Measure, and tell the node where the faults are others than before."""
        while self._lags and self._lags[0][0] <= now_s - LAG_KEPT_S:
            self._lags.popleft()
        heard_ns, now_ns = self._live.figures.heard_ns, self._live.now_ns
        self.now = Health(
            self._lags[0][1] if self._lags else 0.0,
            self._memory_mb(),
            self._disk_mb(self._folder),
            max((now_ns - heard_ns) / SECOND_NS, 0.0) if heard_ns else 0.0,
            self._cpu(now_s),
        )
        found = faults_of(self.now, self._limits)
        if [(one.vital, one.blocks) for one in found] != [
            (one.vital, one.blocks) for one in self.faults
        ]:
            self._live.tell(HealthShown(found, now_ns))
        self.faults = found

    def _cpu(self, now_s: float) -> float | None:
        """Return the share of a core since a minute ago; None before there was one."""
        used = self._used
        used.append((now_s, self._cpu_s()))
        while len(used) > 1 and used[1][0] <= now_s - CPU_S:
            used.popleft()
        (first_s, first), (_, last) = used[0], used[-1]
        return (last - first) / (now_s - first_s) if now_s - first_s >= CPU_S else None
