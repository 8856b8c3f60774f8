"""Write the pages that are made from code: `make docs`. With `--check` only compare.

A generated page cannot disagree with the program, and `tests/arch/test_docs.py` sees to it that
nobody forgets to write it anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import native
import typer

from ballast.core.reason_texts import EXIT_TEXT, REFUSAL_TEXT
from ballast.core.reasons import Exit, Refusal, label
from ballast.core.settings import SECTIONS, Secret, every_setting, rule_of
from ballast.research.metrics.catalogue import METRICS
from ballast.research.report.sections import FAMILIES
from ballast.service.cli import lazy, options
from ballast.service.cli.main import VERBS, app
from ballast.service.cli.output import to_json
from ballast.service.config import json_schema
from ballast.service.config.profiles import ABOUT, BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MADE = "<!-- Made by docs/generate.py from the code. Do not edit: run `make docs`. -->\n"
WIDTH = 100


def cli_page() -> str:
    """Return the reference of the command line: the help of every verb."""
    parts = [
        "# Command line\n",
        MADE,
        "Results go to stdout, notes and progress to stderr. Exit codes: 0 done; 1 done, and the",
        "answer is no (`data check` found defects, `attack` a cheat, `repro` differs); 2 wrong",
        "input, told in one line; 70 a defect in Ballast; 74 a failing disk; 130 interrupted.\n",
        "These options may stand before or after any verb:\n",
        "| Option | Meaning |\n| --- | --- |",
        *[f"| `{option}` | {about} |" for option, about in options.ABOUT.items()],
        f"\nThe variable `{options.PROFILE_VARIABLE}` names profiles where no `--profile` does.",
        "Completion: `ballast --install-completion`.",
    ]
    root: Any = typer.main.get_command(app)
    for name, verb in VERBS.items():
        parts += [f"\n## {name}\n", verb.about + "\n"]
        parts += _sections(lazy.load(name, verb), name, root)
    return "\n".join(parts) + "\n"


def _sections(command: Any, path: str, root: Any) -> list[str]:
    parts = [_help(command, path, root)]
    for name, child in getattr(command, "commands", {}).items():
        parts += [f"\n### {path} {name}\n", *_sections(child, f"{path} {name}", root)]
    return parts


def _help(command: Any, path: str, root: Any) -> str:
    home = root.context_class(root, info_name="ballast", terminal_width=WIDTH)
    context = command.context_class(
        command, info_name=path, parent=home, terminal_width=WIDTH, max_content_width=WIDTH
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"```text\n{text}\n```"


def settings_page() -> str:
    """Return the table of all settings, by section."""
    parts = [
        "# Settings\n",
        MADE,
        "A value past a bound is refused with its place. **Hard** bounds protect the account: only",
        "research may lift them (`risk.hard_bounds = false`). *live*: for the live engine only,",
        "a backtest ignores it. *fixed*: named, and not to be changed. How files, profiles,",
        "environment and flags merge: [configuration](configuration.md).",
    ]
    for section, kind in SECTIONS.items():
        parts += [f"\n## [{section}]\n", (kind.__doc__ or "").strip() + "\n"]
        parts += ["| Setting | Default | Allowed | Unit | Meaning | From |"]
        parts += ["| --- | --- | --- | --- | --- | --- |"]
        parts += [_settings_row(item) for home, item in every_setting() if home == section]
    parts += ["\n## Profiles\n", "| Profile | Meaning | Sets |\n| --- | --- | --- |"]
    for name, sections in BUILT_IN.items():
        pairs = [f"`{s}.{n} = {v}`" for s, items in sections.items() for n, v in items.items()]
        parts.append(f"| {name} | {ABOUT[name]} | {', '.join(pairs)} |")
    return "\n".join(parts) + "\n"


def _settings_row(item: Any) -> str:
    rule = rule_of(item)
    default = item.default
    if isinstance(default, Secret):
        shown = "environment only"
    else:
        shown = f"`{str(default).lower() if isinstance(default, bool) else default}`"
    allowed = ("**hard**: " if rule.hard else "") + rule.allowed()
    mark = {"live": " *(live)*", "fixed": " *(fixed)*"}.get(rule.used_by, "")
    cells = (f"`{item.name}`{mark}", shown, allowed, rule.unit, rule.doc, rule.requirement)
    return "| " + " | ".join(cells) + " |"


def reasons_page() -> str:
    """Return the two closed sets of reasons with their meaning."""
    parts = [
        "# Reasons\n",
        MADE,
        "Every fill, exit and refused signal carries exactly one reason. The numbers are stored in",
        "results and never change. Which check comes first: [the engine](engine.md).",
    ]
    tables: tuple[tuple[str, dict[Any, tuple[str, str]], type[Exit | Refusal]], ...] = (
        ("Why a position was closed", EXIT_TEXT, Exit),
        ("Why an entry signal was refused", REFUSAL_TEXT, Refusal),
    )
    for title, texts, kind in tables:
        parts += [f"\n## {title}\n", "| No. | Reason | Meaning | Setting |"]
        parts += ["| ---: | --- | --- | --- |"]
        for reason in kind:
            meaning, setting = texts[reason]
            shown = f"`{setting}`" if setting else ""
            parts.append(f"| {int(reason)} | `{label(reason)}` | {meaning} | {shown} |")
    return "\n".join(parts) + "\n"


def metrics_page() -> str:
    """Return every figure of a report with its formula and when it is not defined."""
    parts = [
        "# Metrics\n",
        MADE,
        "Every figure of a report, by family. r is the return of one calendar day (UTC) of marked",
        "equity. A figure that is not defined is `null` in JSON and a dash elsewhere, for the",
        "reason in the last column; the others are always defined. What stands behind them:",
        "[reports](reports.md).",
    ]
    for family, title in FAMILIES.items():
        parts += [f"\n## {title}\n", "| Figure | JSON path | Unit | Formula | Not defined when |"]
        parts += ["| --- | --- | --- | --- | --- |"]
        for one in (one for one in METRICS if one.family == family):
            formula = one.formula.replace("|", "\\|")
            cells = (one.label, f"`{one.path}`", one.unit.value, formula, one.undefined)
            parts.append("| " + " | ".join(cells) + " |")
    return "\n".join(parts) + "\n"


def schema_file() -> str:
    """Return the JSON Schema of the settings file."""
    return to_json(json_schema()) + "\n"


def traceability_page() -> str:
    """Return which requirement is named by which test, and which by none."""
    named: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for found in _requirements(path.read_text(encoding="utf-8")):
            named.setdefault(found, set()).add(path.relative_to(ROOT / "tests").as_posix())
    titles = dict(line.split("\t") for line in (DOCS / "requirements.tsv").read_text().splitlines())
    parts = [
        "# Requirements and the tests that name them\n",
        MADE,
        "Read off the tests: a requirement is listed with the tests that name its id. That says",
        "where it is checked, not that all of it is. `A-` ids are acceptance tests, `S-` ids",
        "scenarios to survive. Most of what",
        "no test names belongs to parts that do not exist yet; the [README](../README.md) says",
        "which.",
        f"\n{len(named.keys() & titles.keys())} of {len(titles)} are named by a test.",
    ]
    areas = sorted({identity.rsplit("-", 1)[0] for identity in titles})
    for area in areas:
        mine = [identity for identity in titles if identity.rsplit("-", 1)[0] == area]
        seen = [identity for identity in mine if identity in named]
        parts += [f"\n## {area} ({len(seen)} of {len(mine)})\n"]
        if seen:
            parts += ["| Id | Requirement | Tests |", "| --- | --- | --- |"]
            parts += [
                f"| {one} | {titles[one]} | {', '.join(f'`{t}`' for t in sorted(named[one]))} |"
                for one in seen
            ]
        missing = [identity for identity in mine if identity not in named]
        if missing:
            parts += ["", f"Named by no test: {', '.join(missing)}."]
    return "\n".join(parts) + "\n"


def _requirements(text: str) -> Iterator[str]:
    """Yield the ids in a text; `R-GATE-02, 06 to 08` names four, `test_r_gate_02_07_...` two."""
    for area, numbers in re.findall(r"def test_([ra]_[a-z]+|s)((?:_\d\d)+)_", text):
        yield from (f"{area.upper().replace('_', '-')}-{one}" for one in numbers[1:].split("_"))
    yield from re.findall(r"(?<![\w-])S-\d\d\b", text)
    pattern = re.compile(r"\b([RA]-[A-Z]+)-(\d\d)((?:,? (?:and |to )?\d\d(?!\d))*)")
    for area, first, more in pattern.findall(text):
        yield f"{area}-{first}"
        last = int(first)
        for joint, number in re.findall(r"(and |to )?(\d\d)", more):
            low = last + 1 if joint == "to " else int(number)
            yield from (f"{area}-{one:02d}" for one in range(low, int(number) + 1))
            last = int(number)


def venues_page() -> str:
    """Return the page of venues; all but its table is written by hand."""
    return native.between_markers((DOCS / "venues.md").read_text(encoding="utf-8"))


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "settings.md": settings_page,
    "settings.schema.json": schema_file,
    "reasons.md": reasons_page,
    "metrics.md": metrics_page,
    "venues.md": venues_page,
    "traceability.md": traceability_page,
}
FOLLOWING = ("traceability.md",)
"""Pages that move with every new test: `make check` writes them, nothing fails over them."""


def main(arguments: list[str]) -> int:
    """Write every page, or with `--check` name those that are out of date."""
    stale = []
    for name, make in PAGES.items():
        if name in FOLLOWING and "--check" in arguments:
            continue
        path = DOCS / name
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    verb = "out of date" if "--check" in arguments else "written"
    sys.stdout.write(f"{verb}: {', '.join(stale) or 'nothing'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
