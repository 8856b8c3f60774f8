"""Lazy: a command group that knows its verbs by name and loads one only when it is called.

So `--help` costs nothing, and a verb that cannot be loaded takes no other verb with it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import CompletionItem, TyperGroup  # type: ignore[attr-defined]  # not re-exported

from ballast.core.errors import UserError
from ballast.service.cli import guard, options

if TYPE_CHECKING:
    from collections.abc import Sequence


_COMPLETION = ("install_completion", "show_completion")  # those of `ballast` itself are enough


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: the module that holds it and the line `--help` shows.

    The module has either `app`, a typer application that is the verb, or `register(app)`, which
    adds commands of which one has the verb's name.
    """

    module: str
    about: str
    panel: str


class LazyGroup(TyperGroup):
    """The root command. `verbs` is set by `main`."""

    verbs: dict[str, Verb] = {}  # noqa: RUF012 - set once, before the first command line

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer's own context
        """Return the verbs in the order of the table."""
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own types
        """Load the verb of this name; None where there is none."""
        if cmd_name not in self.verbs:
            close = get_close_matches(cmd_name, self.verbs, n=1)
            if close and not ctx.resilient_parsing and not cmd_name.startswith("-"):
                raise UserError(
                    f"no verb '{cmd_name}'",
                    fix=f"did you mean '{close[0]}'? see `ballast --help`",
                )
            return None
        return load(cmd_name, self.verbs[cmd_name])

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """Write the table of verbs by panel, and the options that may stand anywhere."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, verb in self.verbs.items():
            panels.setdefault(verb.panel, []).append((name, verb.about))
        width = max(len(name) for name in self.verbs)
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl([(name.ljust(width), about) for name, about in rows])
        with formatter.section("Options of every verb, before it or after it"):
            formatter.write_dl(list(options.ABOUT.items()))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401
        """Offer verbs and general options from the tables, so that a key press loads nothing."""
        known = [(name, verb.about) for name, verb in self.verbs.items()]
        if incomplete.startswith("-"):
            known = [(shape.split()[0], about) for shape, about in options.ABOUT.items()]
        items: list[Any] = [
            CompletionItem(name, help=about) for name, about in known if name.startswith(incomplete)
        ]
        return items + super(TyperGroup, self).shell_complete(ctx, incomplete)

    def invoke(self, ctx: Any) -> int:  # noqa: ANN401 - typer's own context
        """Run the verb; what it returns is not an exit code."""
        super().invoke(ctx)
        return guard.OK

    def main(self, args: Any = None, *_: Any, **extra: Any) -> Any:  # noqa: ANN401 - as typer's
        """Run a command line and leave the process with its exit code."""
        given: Sequence[str] = sys.argv[1:] if args is None else args

        def verb() -> object:
            rest, chosen = options.take(given)
            options.adopt(chosen)
            named = {**extra, "prog_name": "ballast", "standalone_mode": False}
            return super(LazyGroup, self).main(rest, **named)

        sys.exit(guard.run(verb))


def load(name: str, verb: Verb) -> Any:  # noqa: ANN401 - a command of typer's own type
    """Import the module of a verb and return its command."""
    module = import_module(verb.module)
    if hasattr(module, "app"):
        module.app.rich_markup_mode = None
        command = typer.main.get_command(module.app)
        command.name = name
        command.params = [one for one in command.params if one.name not in _COMPLETION]
        return command
    group = typer.Typer(add_completion=False, rich_markup_mode=None)
    group.callback()(_nothing)  # so that one command alone still makes a group
    module.register(group)
    return typer.main.get_group(group).commands[name]


def _nothing() -> None:
    """Be the callback of a group that needs none."""
