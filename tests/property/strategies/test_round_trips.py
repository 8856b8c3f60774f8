"""Printing and reading back, in every form, gives the same strategy."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies.expressions import PARAMS, conditions, nodes, scalars

from ballast.strategies import language as lang
from ballast.strategies.construction import Construction
from ballast.strategies.definition import Strategy
from ballast.strategies.nodes import Kind, Node
from ballast.strategies.parsing import parse
from ballast.strategies.printing import show


@given(nodes)
def test_parse_inverts_show(node: Node) -> None:
    """parse(show(e)) == e, with and without defaults written out."""
    assert parse(show(node), PARAMS) == node
    assert parse(show(node, explicit=True), PARAMS) == node


@given(nodes, st.sampled_from(["  ", "\n", " # a remark\n"]))
def test_white_space_and_remarks_change_nothing(node: Node, space: str) -> None:
    text = show(node).replace(" ", space)
    if '"' not in text:
        assert parse(text, PARAMS) == node


positive = st.floats(0.01, 50.0).map(lang.node_of)
constructions = st.builds(
    Construction,
    direction=st.sampled_from(["", "long", "short", "both"]),
    size=st.none()
    | st.builds(lang.risk, st.floats(0.001, 0.02), in_quote=st.booleans())
    | st.builds(lang.fixed_notional, st.floats(0.01, 1.0))
    | st.just(lang.all_in(0.95, i_accept_ruin=True)),
    stop=st.none()
    | st.builds(lang.atr_stop, st.floats(0.5, 9.0))
    | st.builds(lang.percent_stop, st.floats(0.01, 0.5))
    | st.just(lang.no_stop()),
    trail=st.none()
    | st.builds(lang.atr_trail, st.floats(0.5, 9.0), st.floats(0.0, 9.0), adaptive=st.booleans())
    | st.builds(lang.percent_trail, st.floats(0.01, 0.5), st.floats(0.0, 0.5))
    | st.just(lang.no_trail()),
    takes=st.lists(
        st.builds(lang.take, st.floats(0.001, 1.0), st.floats(0.01, 0.25))
        | st.builds(lang.take_r, st.floats(0.1, 9.0), st.floats(0.01, 0.25)),
        max_size=4,
    ).map(tuple),
    entry_limit=st.none() | st.builds(lang.pull_back, st.floats(0.0, 2.0), st.integers(1, 9)),
    latency_bars=st.none() | st.integers(0, 5).map(lang.node_of),
    exit_after_ms=st.none() | st.integers(1, 10_000).map(lambda n: lang.node_of(n * 1000)),
    break_even_r=st.none() | scalars(),
    leverage=st.none() | positive,
    margin=st.none() | st.sampled_from(["isolated", "cross"]),
    trigger=st.none() | st.sampled_from(["last", "mark"]),
    intrabar=st.none() | st.sampled_from(["pessimistic", "path", "detail"]),
    touch_fills=st.none() | st.booleans(),
    close_on_signal=st.none() | st.booleans().map(lang.node_of),
)


@given(conditions(), conditions(), constructions, st.text("abc \"'\\\n{}ü", max_size=20))
def test_every_form_reads_back_with_the_same_hash(
    enter: Node, leave: Node, construction: Construction, doc: str
) -> None:
    """R-STRAT-23: Python, TOML and JSON are three forms of one thing."""
    strategy = Strategy(
        name="made_up",
        params=PARAMS,
        construction=construction,
        enter_long=enter,
        exit_short=leave,
        require=(parse("p.fast > p.level", PARAMS),),
        doc=doc.strip(),
    )
    assert Strategy.from_json(strategy.to_json()) == strategy
    assert Strategy.from_toml(strategy.to_toml()) == strategy
    scope: dict[str, Strategy] = {}
    exec(strategy.to_python(), scope)  # noqa: S102 - our own print
    assert scope["STRATEGY"] == strategy
    assert scope["STRATEGY"].hash == strategy.hash


@given(conditions())
def test_hash_depends_on_the_meaning_only(enter: Node) -> None:
    base = Strategy("made_up", PARAMS, Construction(), enter_long=enter)
    turned = replace(base, params=dict(reversed(PARAMS.items())), doc="other words")
    assert turned.hash == base.hash
    assert replace(base, name="other").hash != base.hash
    assert replace(base, construction=Construction(stop=lang.no_stop())).hash != base.hash
    assert enter.kind is Kind.CONDITION
