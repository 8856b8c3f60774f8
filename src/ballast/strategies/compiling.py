"""From expressions to steps: shared, with a short key, in the order that shares most.

Compiled once a strategy. Scalars (literals, parameters, arithmetic between them) are gathered into
one tuple; a step knows which of them it depends on, so that a combination costs a few tuple
look-ups and no walk over text or trees. Chains of `&` and `|` are regrouped so that what depends on
few parameters comes first and is found in the cache.
"""

from __future__ import annotations

from functools import reduce
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError
from ballast.features.regime.labels import Regime
from ballast.strategies import building, leads, reach, steps
from ballast.strategies.evaluation import Column, Evaluation, Leads, Scalars, Step
from ballast.strategies.folding import FOLDED
from ballast.strategies.nodes import (
    Call,
    Flag,
    Indicator,
    Kind,
    Node,
    Number,
    Of,
    On,
    Price,
    Ref,
    children,
    references,
)
from ballast.strategies.signatures import REGIMES

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping


class ScalarTable:
    """Places of all scalars of a strategy, and how to fill them for one combination."""

    def __init__(self, roots: Iterable[Node]) -> None:
        literals: dict[Node, float] = {}
        refs: dict[Node, str] = {}
        calls: dict[Node, Call] = {}
        for root in roots:
            _gather(root, literals, refs, calls)
        self.literals = tuple(literals.values())
        self.names = tuple(refs.values())
        self.place = {node: at for at, node in enumerate((*literals, *refs, *calls))}
        self.calls = tuple(
            (FOLDED[node.name], tuple(self.place[arg] for arg in node.args), node.name)
            for node in calls.values()
        )

    def resolve(self, values: Mapping[str, float]) -> Scalars:
        """Return the scalars of one combination; `values` has every parameter."""
        known = (*self.literals, *(values[name] for name in self.names))
        if not self.calls:
            return known
        row: list[Any] = list(known)
        for function, places, name in self.calls:
            try:
                row.append(float(function(*(row[place] for place in places))))
            except (ZeroDivisionError, ValueError, OverflowError) as problem:
                raise StrategyError(
                    f"'{name}' of {[row[place] for place in places]} has no value ({problem})"
                ) from None
        return tuple(row)


def _gather(
    node: Node, literals: dict[Node, float], refs: dict[Node, str], calls: dict[Node, Call]
) -> None:
    match node:
        case Number(value=value) | Flag(value=value):
            literals.setdefault(node, float(value))
        case Ref(name=name):
            refs.setdefault(node, name)
        case _:
            for child in children(_expanded(node)):
                _gather(child, literals, refs, calls)
            if isinstance(node, Call) and node.kind.is_scalar:
                calls.setdefault(node, node)


def _expanded(node: Node) -> Node:
    """Write a word that stands for others in those others."""
    if not isinstance(node, Call):
        return node
    if node.name == "regime":
        level, limit = node.args
        make = building.apply
        trend, calm, wild = (Number(code) for code in (Regime.TREND, Regime.RANGE, Regime.VOLATILE))
        mild = make("where", (make(">", (make("adx", ()), level)), trend, calm))
        return make("where", (make(">", (make("hv_z", ()), limit)), wild, mild))
    if node.name in REGIMES:
        return building.apply("==", (node.args[0], Number(REGIMES[node.name])))
    if node.name == "between" and not _plain_range(node):
        x, low, high = node.args
        return building.apply("&", (building.apply(">", (x, low)), building.apply("<", (x, high))))
    return node


def _plain_range(node: Call) -> bool:
    x, low, high = node.args
    return node.kind.is_scalar or (
        not x.kind.is_scalar and low.kind.is_scalar and high.kind.is_scalar
    )


class Compiler:
    """Makes each distinct step once. The same node, and the same template, is the same step."""

    def __init__(self, table: ScalarTable) -> None:
        self.table = table
        self.made: dict[Node, Step] = {}
        self.unique: dict[tuple[str, tuple[int, ...]], Step] = {}
        self.siblings: dict[Hashable, list[Step]] = {}

    def root(self, node: Node) -> Step:
        """Compile an expression; a scalar becomes a constant column."""
        if not node.kind.is_scalar:
            return self.step(node)
        place = self.table.place[node]
        truth = node.kind is Kind.SWITCH

        def run(evaluation: Evaluation, _: Step) -> Column:
            return evaluation.condition(place) if truth else evaluation.floats(place)

        return self.add(
            "constant(?)", (place,), run, leads.longest, is_condition=truth, back=reach.own_row
        )

    def step(self, node: Node) -> Step:
        """Compile a series or a condition."""
        made = self.made.get(node)
        if made is None:
            made = self._compile(_expanded(node))
            self.made[node] = made
        return made

    def operand(self, node: Node) -> Step | int:
        """Return the place of a scalar, or the step of anything else."""
        return self.table.place[node] if node.kind.is_scalar else self.step(node)

    def add(
        self,
        word: str,
        inputs: tuple[Step | int, ...],
        run: Callable[[Evaluation, Step], Column],
        lead: Callable[[Leads, Step], int],
        *,
        is_condition: bool,
        others: tuple[str, ...] = (),
        output: str = "",
        back: Callable[[Scalars, Step], int] = reach.every_row,
    ) -> Step:
        """Make a step, or return the equal one made before; `back` is how far it looks back."""
        texts = ["?" if isinstance(item, int) else item.template for item in inputs]
        template = f"{word}({','.join(texts)})" + (f".{output}" if output else "")
        places: tuple[int, ...] = ()
        for item in inputs:
            places += (item,) if isinstance(item, int) else item.places
            if isinstance(item, Step):
                others = (*others, *(symbol for symbol in item.others if symbol not in others))
        made = self.unique.get((template, places))
        if made is None:
            pick = itemgetter(*places) if places else _nothing
            made = Step(template, inputs, run, places, pick, lead, is_condition, others)
            made.reach, made.output = back, output
            self.unique[template, places] = made
        return made

    def mark_scratch(self, signals: Step) -> None:
        """Mark the conditions that depend on every parameter the signals depend on."""
        literals = len(self.table.literals)
        wanted = {place for place in signals.places if place >= literals}
        for step in self.unique.values():
            own = {place for place in step.places if place >= literals}
            step.is_scratch = step.is_condition and own == wanted

    # -- nodes

    def _compile(self, node: Node) -> Step:
        match node:
            case Price(name=name):
                return self.add(
                    name,
                    (),
                    steps.price(name),
                    leads.longest,
                    is_condition=False,
                    back=reach.own_row,
                )
            case Indicator():
                return self._indicator(node)
            case On(timeframe=timeframe, arg=arg):
                source = self.step(arg)
                return self.add(
                    f"on {timeframe}",
                    (source,),
                    steps.on(timeframe),
                    leads.on(timeframe),
                    is_condition=source.is_condition,
                )
            case Of(symbol=symbol, arg=arg, age=age):
                source = self.step(arg)
                return self.add(
                    f"of {symbol} {age}",
                    (source,),
                    steps.of(symbol, age),
                    leads.longest,
                    is_condition=source.is_condition,
                    others=(symbol,),
                )
            case Call():
                return self._call(node)
            case Number() | Flag() | Ref():
                raise AssertionError(node)

    def _indicator(self, node: Indicator) -> Step:
        definition = building.definition_of(node)
        operands = tuple(self.operand(item) for item in (*node.inputs, *node.params))
        step = self.add(
            node.name,
            operands,
            steps.indicator(definition, definition.outputs.index(node.output)),
            leads.indicator(definition),
            is_condition=False,
            output=node.output,
        )
        if definition.goes_on:
            step.definition = definition
        if definition.goes_in_pairs:
            family = (node.name, node.output, operands[: len(node.inputs)])
            step.siblings = self.siblings.setdefault(family, [])
            if step not in step.siblings:
                step.siblings.append(step)
        return step

    def _call(self, node: Call) -> Step:
        if node.name in steps.RELATIONS:
            return self.add(
                node.name,
                (self.order(node),),
                steps.relation(node.name),
                leads.longest,
                is_condition=True,
                back=reach.own_row,
            )
        if node.name in ("crosses_above", "crosses_below"):
            return self.add(
                node.name,
                (self.order(node),),
                steps.crossing(1 if node.name == "crosses_above" else 2),
                leads.one_more,
                is_condition=True,
                back=reach.row_before,
            )
        if node.name in ("&", "|"):
            return self._chain(node)
        run, lead, back = _WORDS[node.name]
        operands = tuple(self.operand(arg) for arg in node.args)
        return self.add(node.name, operands, run, lead, is_condition=node.kind.is_truth, back=back)

    def order(self, node: Call) -> Step:
        """Return the step that holds how the two sides of a comparison stand to each other."""
        return self.add(
            "order",
            (self.operand(node.args[0]), self.operand(node.args[1])),
            steps.order,
            leads.longest,
            is_condition=True,
            back=reach.own_row,
        )

    def _chain(self, node: Call) -> Step:
        """Join terms two by two, those with the fewest parameters first, switches last.

        A switch stays with its own term (`a | p.off` is a chain of its own). The order changes no
        result: Kleene's `and` and `or` are commutative and associative.
        """
        terms = sorted(
            terms_of(node, node.name),
            key=lambda term: (term.kind.is_scalar, len(references(term)), len(str(term))),
        )
        run, lead, back = _WORDS[node.name]

        def join(left: Step | int, right: Step | int) -> Step | int:
            return self.add(node.name, (left, right), run, lead, is_condition=True, back=back)

        joined = reduce(join, [self.operand(term) for term in terms])
        assert isinstance(joined, Step)
        return joined


def terms_of(node: Node, name: str) -> list[Node]:
    """Return the terms that a chain of `&` (or `|`) joins, left to right."""
    if isinstance(node, Call) and node.name == name and not node.kind.is_scalar:
        return [term for arg in node.args for term in terms_of(arg, name)]
    return [node]


def _nothing(_: Scalars) -> Hashable:
    return ()


_WORDS: dict[str, tuple[Any, Any, Any]] = {
    "&": (steps.conjunction, leads.unless(decided_by=False), reach.own_row),
    "|": (steps.disjunction, leads.unless(decided_by=True), reach.own_row),
    "~": (steps.negation, leads.longest, reach.own_row),
    "where": (steps.where, leads.chosen, reach.own_row),
    "between": (steps.inside, leads.longest, reach.own_row),
    "shift": (steps.shift, leads.window("shift", 0, 0), reach.last_rows),
    "first": (steps.first, leads.longest, reach.row_before),
    "bars_since": (steps.bars_since, leads.longest, reach.every_row),
    "since": (steps.since, leads.longest, reach.every_row),
    "random": (steps.noise, leads.longest, reach.own_row),
    **{name: (steps.numeric(name), leads.longest, reach.own_row) for name in steps.NUMERIC},
    # numpy may take the logarithm of one number by another way than that of many
    "log": (steps.numeric("log"), leads.longest, reach.every_row),
    **{
        name: (steps.run_length(name), leads.window(name, 1, 0), reach.last_rows)
        for name in ("rising", "falling")
    },
}
