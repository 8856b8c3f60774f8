"""Health: what a session says of its process and machine, as plain values, and one line of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ballast.runtime.shell.health import HealthWatch


def health_of(watch: HealthWatch | None) -> dict[str, Any]:
    """Return the last measurement and what is beyond its limit; {} where nobody measures."""
    if watch is None:
        return {}
    now = watch.now
    return {
        "lag_s": round(now.lag_s, 3),
        "memory_mb": None if now.memory_mb is None else round(now.memory_mb, 1),
        "disk_mb": None if now.disk_mb is None else round(now.disk_mb),
        "silent_s": round(now.silent_s, 1),
        "cpu": None if now.cpu is None else round(now.cpu, 4),
        "faults": [
            {"vital": str(one.vital), "line": one.line, "blocks": one.blocks}
            for one in watch.faults
        ],
    }


def health_line(said: dict[str, Any]) -> str:
    """Return one line for a screen; empty where nobody measured."""
    if not said:
        return ""
    memory = "memory unknown" if said["memory_mb"] is None else f"memory {said['memory_mb']:.0f} MB"
    disk = "disk unknown" if said["disk_mb"] is None else f"disk {said['disk_mb']:,} MB free"
    parts = [
        memory, disk, f"loop late by {said['lag_s']:.2f} s at most",
        f"venue heard {said['silent_s']:.0f} s ago", *(one["line"] for one in said["faults"]),
    ]  # fmt: skip
    return "; ".join(parts)


def heaviness(said: dict[str, Any], memory_mb: float, cpu: float) -> str:
    """Return what a process takes beyond its targets in rest; empty: nothing, or nobody measured.

    States of earlier versions say nothing of the processor.
    """
    found = []
    if said.get("memory_mb") is not None and said["memory_mb"] > memory_mb:
        found.append(f"memory {said['memory_mb']:.0f} MB, target {memory_mb:.0f} MB")
    if said.get("cpu") is not None and said["cpu"] > cpu:
        found.append(f"{said['cpu']:.1%} of a core, target {cpu:.1%}")
    return "; ".join(found)
