"""Verbs: each loads, speaks JSON, and leaves the general options alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ballast.service.cli import lazy, options
from ballast.service.cli.main import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with its full name."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
    else:
        for name, child in children.items():
            yield from leaves(child, f"{path} {name}")


@pytest.mark.parametrize("name", VERBS)
def test_verb_speaks_json_and_explains_itself(name: str) -> None:
    """R-CLI: `--json` everywhere; a help line for the verb and for each of its options."""
    found = dict(leaves(lazy.load(name, VERBS[name]), name))
    assert found
    for path, command in found.items():
        flags = [flag for one in command.params for flag in one.opts]
        assert "--json" in flags, path
        assert command.help, path
        taken = {*options.VALUED, *options.FLAGS} & set(flags)
        assert taken == set(), f"{path} defines a general option"
        for one in command.params:
            assert getattr(one, "help", None), f"{path} {one.opts[0]} has no help"
