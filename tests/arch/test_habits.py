"""Habits: what the linters refuse, what has one owner, and what trading does without."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib

import grimp
import pytest
from tests.data import ROOT, parsed

from ballast.core.settings import every_setting
from ballast.service.cli.main import VERBS
from ballast.service.live.universe import TOP_MOST
from ballast.strategies import catalog
from ballast.venues.clients.venues import VENUES

SRC = ROOT / "src" / "ballast"
OURS = sorted(SRC.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(path: object) -> str:
    return str(path).removeprefix(f"{SRC}/")


# ------------------------------------------------------------------- what is refused by lint

REFUSED = [
    ("F811", "def alert() -> None: ...\n\n\ndef alert(text: str) -> None: ..."),
    ("A001", "print = str"),
    ("A002", "def told(print: str) -> str:\n    return print"),
    ("E722", "try:\n    x = 1\nexcept:\n    x = 2"),
    ("S110", "try:\n    x = 1\nexcept Exception:\n    pass"),
    ("SIM105", "try:\n    x = 1\nexcept OSError:\n    pass"),
    ("ANN201", "def seen():\n    return 1"),
    ("ANN001", "def seen(x) -> int:\n    return x"),
    ("T201", "print('a panel')"),
    ("TID251", "import pickle"),
]


@pytest.mark.parametrize(("rule", "text"), REFUSED, ids=[one[0] for one in REFUSED])
def test_the_linter_refuses(rule: str, text: str) -> None:
    """R-ARCH-09, R-ARCH-10, R-ARCH-12, R-ARCH-14: `make check` fails on each of these.

    A second definition of a name, a builtin that is shadowed, an exception that is swallowed,
    a function without types.
    """
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise",
         "--stdin-filename", str(SRC / "service" / "planted.py"), "-"],
        cwd=ROOT, input=f'"""Planted."""\n\n{text}\n', capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert f" {rule} " in done.stdout, done.stdout


def test_everything_that_is_public_says_what_it_does() -> None:
    """R-ARCH-12: functions, methods and classes without an underscore have a docstring.

    Their types are what `mypy --strict` and ruff (ANN) ask for at each commit.
    """
    assert PROJECT["tool"]["mypy"]["strict"] is True
    silent = []
    for path in OURS:
        bodies = [parsed(path).body]
        while bodies:
            for node in bodies.pop():
                if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                if node.name.startswith("_"):
                    continue
                if isinstance(node, ast.ClassDef):
                    bodies.append(node.body)
                if ast.get_docstring(node):
                    continue
                marks = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
                if not marks & {"setter", "overload"}:
                    silent.append(f"{name_of(path)}::{node.name}")
    assert silent == []


# ------------------------------------------------------------------------- what has one owner

STATE_OF_MODULES = {
    "core/aside.py::_waits": "what is compiled elsewhere: filled before the first call, taken once",
    "core/memory.py::_HELD": "arrays whose addresses compiled code holds: kept from the collector",
    "features/indicators/definition.py::_REGISTERED": "filled by imports, only read afterwards",
    "service/first_start.py::_children": "processes that compile, of the main thread",
    "service/first_start.py::_to_do": "what it compiles meanwhile, of the main thread",
    "service/keys/redaction.py::_known": "secrets that no text may show: it only grows",
}
"""Everything at the level of a module that changes while the program runs, and why it may."""
GROWS = {"dict", "list", "set", "deque", "defaultdict", "OrderedDict", "Counter"}


def test_no_state_of_trading_lies_in_a_module() -> None:
    """R-ARCH-03: bots, pairs, caches and daily figures are objects with one owner.

    No function rebinds a global, and an empty container at the level of a module is in the table.
    """
    found = set()
    for path in OURS:
        tree = parsed(path)
        assert not [one for one in ast.walk(tree) if isinstance(one, ast.Global)], name_of(path)
        for node in tree.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            target = node.target if isinstance(node, ast.AnnAssign) else target
            if isinstance(target, ast.Name) and _is_empty(getattr(node, "value", None)):
                found.add(f"{name_of(path)}::{target.id}")
    assert found == set(STATE_OF_MODULES)


def _is_empty(value: ast.expr | None) -> bool:
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=func, args=[]):
            return ast.unparse(func).rpartition(".")[2] in GROWS
    return False


def test_one_file_holds_each_part_that_the_audits_named() -> None:
    """R-ARCH-02: engine, indicators, executor, state, venues, strategies, each in its place."""
    parts = {
        "the engine": "kernel/loop.py::advance",
        "its steps, live": "kernel/live.py::Live",
        "indicators": "features/indicators/definition.py::Indicator",
        "strategy": "strategies/definition.py::Strategy",
        "gate": "risk/gate/judge.py::judge",
        "orders": "oms/book.py::BookOfRecord",
        "executor": "venues/clients/trading.py::TradingClient",
        "state": "store/journal/writer.py::JournalWriter",
        "venue": "venues/clients/desk.py::VenueDesk",
        "node": "runtime/node/node.py::Node",
    }
    for part, place in parts.items():
        path, _, name = place.partition("::")
        defined = {getattr(one, "name", "") for one in parsed(SRC / path).body}
        assert name in defined, (part, place, sorted(defined))

    files = {path.stem for path in (SRC / "strategies" / "library").glob("*.py")}
    assert len(catalog.names()) >= 4
    assert len(files - {"__init__"}) >= 4


def test_names_comments_and_pages_are_english() -> None:
    """R-ARCH-13: no letter of another language in a source, but for units and names of people."""
    allowed = set("µ")
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        strange = {one for one in text if ord(one) > 127 and one.isalpha()} - allowed
        assert not strange, (name_of(path), strange)
    words = re.compile(r"\b(une|pour|avec|achat|vente|solde|ordre|und|nicht|ist|eine)\b")
    pages = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    assert len(pages) > 40
    for path in [*OURS, *pages]:
        assert not words.search(path.read_text(encoding="utf-8")), path


# ----------------------------------------------------------------- what trading does without


def test_trading_knows_no_display() -> None:
    """R-ARCH-15: only doors and reports import what draws; the node runs without any of it."""
    graph = grimp.build_graph("ballast", include_external_packages=True)
    for library in ("rich", "plotly", "jinja2", "typer"):
        users = graph.find_modules_that_directly_import(library)
        assert users, library
        doors = ("ballast.service.", "ballast.research.")
        assert not [one for one in users if not one.startswith(doors)], library
        for room in ("runtime", "oms", "risk", "kernel", "strategies", "venues", "store"):
            chains = graph.find_shortest_chains(f"ballast.{room}", library)
            assert not chains, (room, library)


def test_the_language_is_python_3_11_or_newer() -> None:
    """R-ARCH-19: the baseline of the project, its linter and its types is one."""
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    assert PROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert sys.version_info >= (3, 11)


def test_what_the_audits_called_unused_is_in_no_set_of_packages() -> None:
    """R-ARCH-20: a small set, and extras; all of them locked, none of them for nothing."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(one for every in extras.values() for one in every)]
    names = {re.split(r"[\[<>=~ ]", one)[0].lower() for one in asked}
    unwanted = {
        "metatrader5", "scikit-learn", "xgboost", "lightgbm", "imbalanced-learn", "vectorbt",
        "matplotlib", "seaborn",
    }  # fmt: skip
    assert names & unwanted == set()
    lock = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, flags=re.MULTILINE))
    assert names - locked == set()
    text = "\n".join(path.read_text(encoding="utf-8") for path in OURS)
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE))
    modules = {re.split(r"[\[<>=~ ]", one)[0] for every in extras.values() for one in every}
    assert {one.replace("-", "_") for one in modules} - imported == set()


def test_what_was_fixed_in_the_old_bots_is_a_setting_a_file_or_an_option() -> None:
    """R-ARCH-25, R-CLI-01: one symbol, four strategies, thirty cached entries: none is a constant.

    A strategy is a file in the workspace, symbols are options, the cache has a size that is set.
    """
    sizes = {f"{section}.{item.name}" for section, item in every_setting()}
    assert {"data.cache_mb", "data.root", "strategies.root", "risk.positions"} <= sizes
    assert {"backtest", "paper", "live", "new-strategy", "universe"} <= set(VERBS)
    assert TOP_MOST >= 10
    assert len(VENUES) >= 5
