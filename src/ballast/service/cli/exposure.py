"""Tables of what a session holds, by symbol, sector and cluster, and of what a day may cost."""

from __future__ import annotations

from typing import Any

from ballast.service.cli.output import Table

GROUP = ("gross_share", "net_share", "at_stop_share", "of")


def exposure_tables(said: dict[str, Any]) -> list[Table]:
    """Return the tables; nothing where nothing is held, or a session did not say."""
    if not said or not said["symbols"]:
        return []
    whole = [tuple(said[name] for name in ("gross", "net", *GROUP[:3]))]
    found = [Table(("gross", "net", *GROUP[:3]), whole, "exposure")]
    columns = ("symbol", "sector", "notional", "share", "at_stop_share")
    rows = [tuple(one[name] or "-" for name in columns) for one in said["symbols"]]
    found.append(Table(columns, rows, "by symbol"))
    for title in ("sectors", "clusters"):
        if groups := said[title]:
            rows = [(one["name"], *(one[name] for name in GROUP)) for one in groups]
            found.append(Table((title[:-1], *GROUP), rows, f"by {title[:-1]}"))
    return found + _risk(said["value_at_risk"])


def _risk(risk: dict[str, Any] | None) -> list[Table]:
    if risk is None:
        return []
    rows = []
    for how, suffix in (("historical", ""), ("normal", "_normal")):
        for level in ("95", "99"):
            names = (f"var_{level}{suffix}", f"cvar_{level}{suffix}")
            found = [risk[name] for one in names for name in (one, f"{one}_share")]
            rows.append((how, f"{level} %", *found))
    columns = ("one day", "at", "VaR", "of equity", "CVaR", "of equity ")
    return [Table(columns, rows, "value at risk")]
