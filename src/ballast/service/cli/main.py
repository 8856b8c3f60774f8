"""Main: `ballast`, the table of its verbs.

A new verb is one line in `VERBS` and one file beside this one.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from ballast import __version__
from ballast.service.cli.lazy import LazyGroup, Verb

UTF8 = ("utf-8", "utf8")
_HOME = "ballast.service.cli"
_START, _DATA, _TEST, _NODE, _HOUSE = "Start", "Data", "Test an idea", "Live node", "House"

VERBS: dict[str, Verb] = {
    "demo": Verb(f"{_HOME}.demo", "Synthetic market, backtests, sweep, report: offline.", _START),
    "init": Verb(f"{_HOME}.workspace", "Make a workspace: settings, strategies, data.", _START),
    "doctor": Verb(f"{_HOME}.doctor", "Check that this machine can run Ballast.", _START),
    "data": Verb(f"{_HOME}.data", "Import, download, check, show and export candles.", _DATA),
    "import-legacy": Verb(
        f"{_HOME}.import_legacy", "Take over the former bot's documents.", _START
    ),
    "strategies": Verb(f"{_HOME}.strategies", "List, show and check strategies.", _TEST),
    "indicators": Verb(f"{_HOME}.indicators", "List, show and check indicators.", _TEST),
    "new-strategy": Verb(f"{_HOME}.new_strategy", "Write a first strategy to start from.", _TEST),
    "backtest": Verb(f"{_HOME}.backtest", "Run a strategy over stored candles.", _TEST),
    "sweep": Verb(f"{_HOME}.sweep", "Run many combinations of parameters.", _TEST),
    "walkforward": Verb(f"{_HOME}.walkforward", "Choose on the past, judge on the rest.", _TEST),
    "optimize": Verb(f"{_HOME}.optimize", "Search parameters by out-of-sample scores.", _TEST),
    "trials": Verb(f"{_HOME}.trials", "How often somebody looked; check the count.", _TEST),
    "attack": Verb(f"{_HOME}.attack", "Try to catch a strategy cheating.", _TEST),
    "stress": Verb(f"{_HOME}.stress", "What is left of a result in a worse world.", _TEST),
    "certify": Verb(f"{_HOME}.certify", "Prove or refute a strategy; a signed yes or no.", _TEST),
    "repro": Verb(f"{_HOME}.repro", "Run a finished run again, byte for byte.", _TEST),
    "results": Verb(f"{_HOME}.results", "List the finished runs.", _TEST),
    "show": Verb(f"{_HOME}.results", "Show the figures of a run.", _TEST),
    "report": Verb(f"{_HOME}.results", "Draw a run on one HTML page.", _TEST),
    "trades": Verb(f"{_HOME}.results", "Print the trades of a run.", _TEST),
    "signals": Verb(f"{_HOME}.signals", "Judge every signal, taken or refused.", _TEST),
    "sizes": Verb(f"{_HOME}.results", "Print what each entry of a run was sized by.", _TEST),
    "compare": Verb(f"{_HOME}.results", "Compare two runs, down to the first trade.", _TEST),
    "venue": Verb(f"{_HOME}.venue", "Serve a simulated exchange on this machine.", _HOUSE),
    "paper": Verb(f"{_HOME}.paper", "Trade stored candles on paper, by the live node.", _NODE),
    "reset": Verb(f"{_HOME}.reset", "Begin a paper account anew; what was is kept.", _NODE),
    "live": Verb(f"{_HOME}.live", "Trade at a real venue, or rehearse it.", _NODE),
    "adopt": Verb(f"{_HOME}.adopt", "Take over a position that the journal misses.", _NODE),
    "preflight": Verb(f"{_HOME}.live", "What speaks against a live start.", _NODE),
    "supervise": Verb(f"{_HOME}.supervise", "Keep a session alive, within a budget.", _NODE),
    "diagnose": Verb(f"{_HOME}.diagnose", "Do memory, journal and venue agree?", _NODE),
    "symbols": Verb(f"{_HOME}.symbols", "Rules and fees of a venue's symbols.", _NODE),
    "universe": Verb(f"{_HOME}.universe", "Choose a venue's symbols by rules.", _NODE),
    "status": Verb(f"{_HOME}.standing", "Where an account stands; as four documents too.", _NODE),
    "reconcile": Verb(f"{_HOME}.standing", "Ask the venue now; what looks found and did.", _NODE),
    "pause": Verb(f"{_HOME}.commands", "Let the node open nothing more.", _NODE),
    "resume": Verb(f"{_HOME}.commands", "Let the node trade again.", _NODE),
    "flatten": Verb(f"{_HOME}.commands", "Have the node close everything, then pause.", _NODE),
    "kill": Verb(f"{_HOME}.commands", "Latch the kill switch of the node.", _NODE),
    "release": Verb(f"{_HOME}.commands", "Take the latch of the kill switch off.", _NODE),
    "announce": Verb(f"{_HOME}.announce", "Tell the node of a shock: no entries for now.", _NODE),
    "explain": Verb(f"{_HOME}.explain", "Why the node entered, or did not.", _NODE),
    "audit": Verb(f"{_HOME}.audit", "What the node was told and did; export, verify.", _NODE),
    "replay": Verb(f"{_HOME}.replay", "Run the node's journal again, byte for byte.", _NODE),
    "journal": Verb(f"{_HOME}.journal", "Back up, restore and archive the journal.", _NODE),
    "ltv": Verb(f"{_HOME}.ltv", "Loans against collateral: levels, history, a pause.", _NODE),
    "keys": Verb(f"{_HOME}.keys", "Keep, list and change the keys of venue accounts.", _NODE),
    "show-config": Verb(f"{_HOME}.show_config", "Every setting and where it came from.", _HOUSE),
    "config": Verb(f"{_HOME}.config_group", "Schema and profiles of the settings.", _HOUSE),
}
LazyGroup.verbs = VERBS

app = typer.Typer(
    name="ballast",
    cls=LazyGroup,
    help="A crypto trading system: from idea to proof to paper to live, behind one safety gate.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ballast {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of `ballast` itself."""


def main() -> None:
    """Run the command line of this process."""
    _speak_utf8()
    app(prog_name="ballast")


def _speak_utf8() -> None:
    """Let every sign be written: what Windows gives a pipe knows 256 of them.

    Names of files that are no text go out as the bytes that came in, as Python has it elsewhere.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, TextIOWrapper) or stream.encoding.lower() in UTF8:
            continue
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            escapes = "backslashreplace" if stream.errors == "strict" else stream.errors
            stream.reconfigure(encoding="utf-8", errors=escapes)


if __name__ == "__main__":
    main()
