"""A live session of ten symbols as a process of its own: what it takes of a core, and of memory.

    python bench/bench_session.py                    # ten minutes at six times the speed: an hour
    python bench/bench_session.py --minutes 1 --symbols 1

`ballast live` rehearses on one-minute bars at a simulated Bybit (linear perpetuals) over TLS, which
this process serves: bars, streams, orders and answers come as at the venue, only faster. Processor
time is told for a second of the venue's time, so the share is that of a session at speed 1. Memory
is what `/proc/PID/smaps_rollup` says: `own` are anonymous pages, `shared out` counts pages of files
by how many processes use them, `resident` counts all.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ballast.service.testing.venue import simulated_exchange

PRICES = {
    "BTC": 60_000, "ETH": 3_000, "BNB": 600, "BCH": 500, "MKR": 1_500, "YFI": 6_000, "XMR": 400,
    "AAVE": 300, "QNT": 250, "COMP": 200,
}  # fmt: skip
WARM_S = 60.0
SAMPLE_S = 10.0
TICKS_S = os.sysconf("SC_CLK_TCK")
MB = 1024.0


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def memory_mb(pid: int) -> dict[str, float]:
    """Return own, shared out and resident memory of a process."""
    names = {"Anonymous": "own", "Pss": "shared out", "Rss": "resident"}
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in names:
            found[names[name]] = int(rest.split()[0]) / MB
    return found


def measured(symbols: list[str], minutes: float, speed: float) -> None:
    """Serve, start the session, and print what it takes."""
    others = ",".join(f"{one}={PRICES[one.removesuffix('USDT')]}" for one in symbols[1:])
    market = f"synthetic:seed=7{',' + others if others else ''}"
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated_exchange("bybit", market, symbol=symbols, past="90m", speed=speed) as venue,
    ):
        named = [word for one in symbols for word in ("-s", one)]
        command = (
            "live", "ema_cross", *named, "--venue", "BYBITLINEAR", "-t", "1m",
            "--rehearse", str(venue.port), "--ca", str(venue.ca), "--speed", str(speed), "--json",
            "--set", "engine.margin=cross",
        )  # fmt: skip
        keys = {
            "BALLAST_KEY__BYBIT__MAIN": venue.key, "BALLAST_SECRET__BYBIT__MAIN": venue.secret,
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "ballast.service.cli.main", *command],
            cwd=folder, env={**os.environ, **keys}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _watched(process, minutes, speed)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _watched(process: subprocess.Popen[bytes], minutes: float, speed: float) -> None:
    time.sleep(WARM_S)
    begun_s, used_s = time.monotonic(), processor_s(process.pid)
    while time.monotonic() < begun_s + 60.0 * minutes:
        time.sleep(SAMPLE_S)
        if process.poll() is not None:
            sys.exit(f"the session ended with {process.returncode}")
        wall_s = time.monotonic() - begun_s
        share = (processor_s(process.pid) - used_s) / (wall_s * speed)
        memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in memory_mb(process.pid).items())
        print(f"{wall_s * speed / 60:6.1f} min of the venue: {share:.2%} of a core, {memory}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--speed", type=float, default=6.0)
    asked = parser.parse_args()
    measured([f"{one}USDT" for one in PRICES][: asked.symbols], asked.minutes, asked.speed)


if __name__ == "__main__":
    main()
