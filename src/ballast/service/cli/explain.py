"""`ballast explain`: every decision of the node, with what spoke against it and the limit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, note

if TYPE_CHECKING:
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import Alert, Judged, Settled, Sized, Sliced
    from ballast.runtime.node.session import Trader
    from ballast.store.journal.database import Database

    Said = Judged | Sized | Sliced | Settled | Alert


@dataclass(frozen=True, slots=True)
class _Told:
    """What was said, when, in which run, under which rules; None where the journal has none."""

    at_ns: int
    run: str
    rules: NodeRules | None
    said: Said

    @property
    def at(self) -> str:
        from ballast.core.time import format_ms

        return format_ms(self.at_ns // MS_NS)

    @property
    def trader(self) -> Trader | None:
        """The strategy that owned the symbol then."""
        session = self.rules.session if self.rules is not None else None
        return session.trader(self.said.symbol) if session is not None else None

    @property
    def owner(self) -> str:
        """Its name; empty where the journal does not say."""
        return self.trader.name if self.trader is not None else ""

    @property
    def timeframe(self) -> str:
        session = self.rules.session if self.rules is not None else None
        return session.timeframe if session is not None else ""

    def head(self) -> dict[str, object]:
        """Return what each row of JSON begins with."""
        head: dict[str, object]
        head = {"time": self.at, "run": self.run, "timeframe": self.timeframe}
        return head | ({"strategy": self.owner} if self.said.symbol else {})


app = typer.Typer(add_completion=False)
MS_NS = 1_000_000
COLUMNS = ("time", "decision", "symbol", "strategy", "verdict", "check", "measured and limit")


@app.command()
def explain(
    symbol: Annotated[str, typer.Option("-s", "--symbol", help="Only this symbol.")] = "",
    decision: Annotated[int, typer.Option(help="Only the decision of this number.")] = 0,
    last: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 20,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="A journal or backup other than the workspace's.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Say why the node entered or did not, the newest decision last.

    What stopped the account, what a release changed, and what became of an entry that was sent in
    slices, and what orders cost against the price at their decision stands between the decisions.
    Below a decision that was sized stands what its size was made of.
    """
    from ballast.risk.sizestory import story_of
    from ballast.runtime.node.events import Alert, Judged, Settled, Sized, Sliced
    from ballast.service.cli import journals

    def is_asked(said: Said) -> bool:
        if isinstance(said, Alert):
            return not decision
        if symbol and said.symbol != symbol:
            return False
        if isinstance(said, Settled):
            return not decision and not refused
        if isinstance(said, Sized):
            return (not decision or said.decision == decision) and not refused
        is_against = said.reasons if isinstance(said, Judged) else said.dropped_lots
        return (not decision or said.decision == decision) and (bool(is_against) or not refused)

    with journals.named(file).database() as database:
        archived = _archived(database)
        found = [one for one in _said(database) if is_asked(one.said)]
    kept = [place for place, one in enumerate(found) if isinstance(one.said, Judged)][-last:]
    if len(kept) == last:
        found = found[kept[0] :]
    decisions = [
        {
            **one.head(),
            "decision": one.said.decision,
            "symbol": one.said.symbol,
            "is_approved": not one.said.reasons,
            "reasons": list(one.said.reasons),
        }
        for one in found
        if isinstance(one.said, Judged)
    ]
    account = [
        {**one.head(), "text": one.said.text} for one in found if isinstance(one.said, Alert)
    ]
    slices = [{**one.head(), **asdict(one.said)} for one in found if isinstance(one.said, Sliced)]
    orders = [{**one.head(), **asdict(one.said)} for one in found if isinstance(one.said, Settled)]
    sizes = [
        one.head() | story_of(one.said.row)
        | {"symbol": one.said.symbol, "decision": one.said.decision}
        for one in found
        if isinstance(one.said, Sized)
    ]  # fmt: skip
    lines = [line for one in found for line in _lines(one.at, one.owner, one.said)]
    told: dict[str, list[dict[str, object]]]
    told = {"decisions": decisions, "slices": slices, "orders": orders, "account": account}
    told["sizes"] = sizes
    told["strategies"] = _strategies(found)
    emit(told, json=json, tables=None if json else [Table(COLUMNS, lines)])
    note(f"{len(decisions)} decisions shown")
    if archived:
        note(f"records up to {archived} are archived, and not among them")


def _archived(database: Database) -> int:
    """Return the number of the last archived record; 0: none is."""
    from ballast.store.journal import JournalReader

    reader = JournalReader(database)
    if not reader.exists():
        return 0
    with reader.reading() as tx:
        return reader.before_first(tx).seq


def _said(database: Database) -> list[_Told]:
    """Return what the gate said and what was told of the account, in order."""
    from ballast.runtime.node.events import Judged, Settled, Sized, Sliced
    from ballast.runtime.node.journalled import CODEC, EFFECT, RULES
    from ballast.store.journal import JournalReader, Query

    reader = JournalReader(database)
    if not reader.exists():
        return []
    rules = [(one.seq, CODEC.value(one)) for one in reader.find(Query(kinds=(RULES,)))]
    found = []
    for texts in (("Judged",), ("Sized",), ("Sliced",), ("Settled",), ("Alert", '"symbol":""')):
        for record in reader.find(Query(kinds=(EFFECT,), texts=texts)):
            said = CODEC.value(record)
            if isinstance(said, Judged | Sized | Sliced | Settled) or _is_of_account(said):
                held = next((one for seq, one in reversed(rules) if seq < record.seq), None)
                found.append((record.seq, _Told(record.at_ns, record.run, held, said)))
    return [one for _, one in sorted(found, key=lambda one: one[0])]


def _is_of_account(said: object) -> bool:
    from ballast.runtime.node.events import Alert

    return isinstance(said, Alert) and not said.symbol


def _strategies(found: list[_Told]) -> list[dict[str, object]]:
    """Return each strategy that is named, as the journal of its run holds it (R-OMS-21)."""
    import json

    kept: dict[tuple[str, str], dict[str, object]] = {}
    for one in found:
        trader = one.trader
        if trader is not None:
            kept[one.run, trader.strategy_hash] = {
                "run": one.run,
                "strategy": trader.name,
                "strategy_hash": trader.strategy_hash,
                "timeframe": one.timeframe,
                "params": dict(trader.params),
                "definition": json.loads(trader.strategy) if trader.strategy else None,
            }
    return list(kept.values())


def _lines(at: str, owner: str, said: Said) -> list[tuple[object, ...]]:
    """Return a line for each reason, or one for an approval or for what holds for the account."""
    from ballast.risk.sizestory import line_of
    from ballast.runtime.node.events import Alert, Settled, Sized, Sliced

    if isinstance(said, Sized):
        return [(at, said.decision, said.symbol, owner, "", "size", line_of(said.row))]
    if isinstance(said, Settled):
        verdict = f"{said.purpose.name.lower()} traded"
        what = f"{said.slippage_bps:g} bps over {said.lots} lots"
        return [(at, "", said.symbol, owner, verdict, "slippage", what)]
    if isinstance(said, Sliced):
        verdict = f"slice {said.sent} of {said.slices}"
        check = f"{said.dropped_lots} lots dropped" if said.dropped_lots else ""
        return [(at, said.decision, said.symbol, owner, verdict, check, said.text)]
    if isinstance(said, Alert):
        what, _, why = said.text.partition(": ")
        return [(at, "", "account", "", what, "", why)]
    if not said.reasons:
        return [(at, said.decision, said.symbol, owner, "entry sent", "", "")]
    lines: list[tuple[object, ...]] = []
    for reason in said.reasons:
        check, _, why = reason.partition(": ")
        lines.append((at, said.decision, said.symbol, owner, "refused", check, why))
    return lines
