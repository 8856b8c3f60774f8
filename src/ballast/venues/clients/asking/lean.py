"""Lean: one exchange of ccxt without the hundred others.

`import ccxt.async_support` runs the modules of every exchange: 50 MB that a process of days never
uses, and a second of its start. Here the two packages stand in as empty ones, with the names that
ccxt's base modules take from them, while one exchange is loaded; then they go, so whoever imports
ccxt afterwards gets all of it, over the same modules. A ccxt that is laid out otherwise is imported
whole.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

PACKAGES = ("ccxt", "ccxt.async_support")


def exchange_class(ccxt_id: str) -> type[Any]:
    """Return the class of an exchange; raise `ImportError` where ccxt is not installed."""
    if not any(name in sys.modules for name in PACKAGES):
        try:
            return _alone(ccxt_id)
        except (ImportError, AttributeError):
            _forget()
    found: type[Any] = getattr(import_module(PACKAGES[1]), ccxt_id)
    return found


def _alone(ccxt_id: str) -> type[Any]:
    try:
        for name in PACKAGES:
            spec = find_spec(name)
            if spec is None:
                raise ImportError(name)
            sys.modules[name] = module_from_spec(spec)  # its code is not run
        whole = sys.modules["ccxt"]
        for name, value in vars(import_module("ccxt.base.errors")).items():
            if not name.startswith("_"):
                setattr(whole, name, value)
        whole.Exchange = import_module("ccxt.base.exchange").Exchange  # type: ignore[attr-defined]
        found: type[Any] = getattr(import_module(f"{PACKAGES[1]}.{ccxt_id}"), ccxt_id)
        return found
    finally:
        for name in PACKAGES:
            sys.modules.pop(name, None)


def _forget() -> None:
    """Let the modules that were loaded go: half of a package must not be met by the whole one."""
    for name in [one for one in sys.modules if one.startswith("ccxt.")]:
        del sys.modules[name]
