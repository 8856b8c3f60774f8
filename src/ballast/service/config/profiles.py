"""Profiles: sets of values under one name, chosen with `--profile` (repeatable, the last wins).

The built-in ones stand here; a file adds to them, or makes new ones, under
`[profile.NAME.SECTION]`. Each environment keeps its own results (R-CONF-03).
"""

from __future__ import annotations

from typing import Any

BUILT_IN: dict[str, dict[str, dict[str, Any]]] = {
    "dev": {"reports": {"root": "results/dev"}},
    "paper": {
        "engine": {"mode": "paper", "gap_policy": "reject"},
        "exits": {"position_drawdown": 0.05},
        "reports": {"root": "results/paper"},
    },
    "live": {
        "engine": {"mode": "live", "gap_policy": "reject"},
        "exits": {"position_drawdown": 0.05},
        "reports": {"root": "results/live"},
    },
    "cautious": {"risk": {"position_cap": 0.10}},
}
ABOUT: dict[str, str] = {
    "dev": "research, results apart",
    "paper": "a gap stops the run, 5 % position drawdown, every hard bound holds, results apart",
    "live": "as paper, for real money",
    "cautious": "a position is at most 10 % of equity",
}
