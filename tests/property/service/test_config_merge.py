"""Configuration as rules: any legal value survives any door, and lines are those of the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import ConfigError, UserError
from ballast.core.settings import Secret, Settings, as_dict, build, every_setting, rule_of, type_of
from ballast.service.cli import options
from ballast.service.config import FILE_NAME, load
from ballast.service.config.positions import key_lines

SETTINGS = [
    (section, item)
    for section, item in every_setting()
    if type_of(section, item.name) is not Secret and rule_of(item).low != rule_of(item).high
]


def legal(section: str, item: Any) -> st.SearchStrategy[Any]:
    """Return values inside the bounds of a setting."""
    rule, kind = rule_of(item), type_of(section, item.name)
    low, high = rule.low or 0, min(rule.high if rule.high is not None else 1e9, 1e9)
    if rule.choices:
        return st.sampled_from(rule.choices)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(int(low), int(high))
    if kind is float:
        return st.floats(low, high, allow_subnormal=False)
    return st.text("abc/._-", min_size=1, max_size=8)


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"')


@st.composite
def assignments(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    chosen = draw(st.lists(st.sampled_from(SETTINGS), max_size=6, unique_by=lambda one: id(one[1])))
    return [(section, item.name, draw(legal(section, item))) for section, item in chosen]


def outcome(folder: Path, **arguments: Any) -> tuple[Settings | None, str]:
    """Return the settings, or nothing and the refusal without its place."""
    try:
        found = load(start=folder, **{"environment": {}, **arguments})
    except ConfigError as error:
        return None, f"{error.what}; {error.expected}"
    return found.settings, ""


@given(assignments())
def test_file_environment_and_flags_mean_the_same(values: list[tuple[str, str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = {(section, key): toml(value) for section, key, value in values}
        bare = {
            (section, key): value if isinstance(value, str) else toml(value)
            for section, key, value in values
        }
        flags = [f"{section}.{key}={text}" for (section, key), text in bare.items()]
        environment = {
            f"BALLAST__{section}__{key}".upper(): text for (section, key), text in bare.items()
        }
        by_flags = outcome(folder, flags=flags)
        by_environment = outcome(folder, environment=environment)
        lines = [f"{section}.{key} = {text}" for (section, key), text in texts.items()]
        (folder / FILE_NAME).write_text("\n".join(lines), encoding="utf-8")
        by_file = outcome(folder)
    assert by_file == by_flags == by_environment


@given(assignments())
def test_plain_values_survive_a_round_trip(values: list[tuple[str, str, Any]]) -> None:
    tree: dict[str, dict[str, Any]] = {}
    for section, key, value in values:
        tree.setdefault(section, {})[key] = value
    settings = build(tree)
    assert build(as_dict(settings)) == settings


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", '"y z"', "k.l"]))), st.data()
)
def test_keys_stand_on_the_lines_they_stand_on(rows: list[tuple[str, str]], data: Any) -> None:
    """Comments, blank lines, strings and arrays over many lines do not move a key."""
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    noise = ["", "# [not] = a table", "  # k = 1"]
    values = ["1", '"# = ["', '"""\n[no]\nx = 1\n"""', "[\n 1, # ]\n 2,\n]", "{ q = 1 }"]
    seen: set[str] = set()
    for table, key in rows:
        if table in seen:
            continue
        seen.add(table)
        lines += data.draw(st.lists(st.sampled_from(noise), max_size=2))
        lines.append(f"[{table}]")
        expected[(table,)] = len(lines)
        lines += data.draw(st.lists(st.sampled_from(noise), max_size=2))
        value = data.draw(st.sampled_from(values))
        expected[(table, *key.replace('"', "").split("."))] = len(lines) + 1
        lines += f"{key} = {value}".split("\n")
    assert key_lines("\n".join(lines)) == expected


words = st.sampled_from(["--quiet", "--debug", "--config", "--set", "x", "--config=a", "--", "-q"])


@given(st.lists(words, max_size=8))
def test_general_options_are_taken_and_nothing_else_is(arguments: list[str]) -> None:
    try:
        rest, _ = options.take(arguments)
    except UserError:  # an option at the end that lacks its value
        assert arguments[-1] in {"--config", "--set"}
        return
    before = rest[: rest.index("--")] if "--" in rest else rest
    assert not {"--quiet", "--debug", "--config", "--set"} & set(before)
    again, none = options.take(rest)
    assert again == rest
    assert none == options.Options()
