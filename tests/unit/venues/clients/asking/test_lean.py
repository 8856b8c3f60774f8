"""One exchange of ccxt alone: the same class, without the others, and nobody is the wiser later."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ballast.venues.clients.venues import VENUES

IDS = sorted({one.access.ccxt_id for one in VENUES.values()})
ALONE = """
import sys
from ballast.venues.clients.asking.lean import exchange_class
alone = exchange_class({name!r})
loaded = [one for one in sys.modules if one.startswith("ccxt")]
assert len(loaded) < 30, loaded
assert "ccxt.async_support.gate" not in sys.modules
assert not {{"ccxt", "ccxt.async_support"}} & set(loaded)
assert alone({{"apiKey": "k", "secret": "c2VjcmV0"}}).id == {name!r}
import ccxt
import ccxt.async_support as whole
assert getattr(whole, {name!r}) is alone
assert issubclass(ccxt.NetworkError, ccxt.BaseError)
assert ccxt.BaseError is sys.modules["ccxt.base.errors"].BaseError
assert ccxt.gate and whole.gate
assert exchange_class({name!r}) is alone
"""
MISFIT = """
import sys, types
import importlib
from ballast.venues.clients.asking import lean
plain = lean.import_module
lean.import_module = lambda name: plain("ccxt.nowhere" if name == "ccxt.base.errors" else name)
found = lean.exchange_class("bybit")
import ccxt.async_support as whole
assert found is whole.bybit and whole.gate
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", IDS)
def test_an_exchange_is_loaded_without_the_others_and_is_the_one_of_the_whole(name: str) -> None:
    run(ALONE.format(name=name))


def test_a_ccxt_of_another_layout_is_imported_whole() -> None:
    run(MISFIT)
