"""Reading an expression from text: a Pratt parser with the precedence of Python.

Loosest first: `or`, `and`, `not`, comparison, `|`, `&`, `+ -`, `* / %`, unary `- ~`, then
calls and `.name`. As in Python `&` binds tighter than `>`; the type check says so where it bites.
Text is never executed: the only result is a tree of checked nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError, suggest
from ballast.strategies import building
from ballast.strategies.lexer import Token, tokenise
from ballast.strategies.nodes import DEPTH_MAX, Flag, Kind, Node, Ref, depth
from ballast.strategies.problems import ExpressionError
from ballast.strategies.signatures import METHODS, SERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.strategies.parameters import Param

TEXT_MAX = 20_000
"""Characters of one expression: a hundred times the longest of the library."""

OR, AND, NOT, COMPARE, BIT_OR, BIT_AND, SUM, PRODUCT, UNARY, POSTFIX = range(1, 11)
BINARY = {
    "|": BIT_OR,
    "&": BIT_AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "%": PRODUCT,
    "<": COMPARE,
    "<=": COMPARE,
    ">": COMPARE,
    ">=": COMPARE,
    "==": COMPARE,
    "!=": COMPARE,
}
_WORD_POWER = {"|": OR, "&": AND}


def parse(text: str, params: Mapping[str, Param] | None = None, where: str = "") -> Node:
    """Read one expression. `params` are the declared parameters, `where` names the place.

    Raise `ExpressionError` (a `StrategyError`) with the position and maybe a suggestion.
    """
    if len(text) > TEXT_MAX:
        raise ExpressionError(
            f"the expression is {len(text)} characters long",
            text=text,
            position=TEXT_MAX,
            where=where,
            expected=f"at most {TEXT_MAX}",
        )
    return _Parser(text, params or {}, where).whole()


class _Parser:
    def __init__(self, text: str, params: Mapping[str, Param], where: str) -> None:
        self.text = text
        self.params = params
        self.where = where
        self.tokens = tokenise(text, where)
        self.at = 0
        self.depth = 0

    # -- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            self.fail(f"found {self.found()}", self.token.position, expected=f"'{kind}'")
        return self.take()

    def found(self) -> str:
        return f"'{self.token.text}'" if self.token.kind != "end" else "the end"

    def fail(self, what: str, position: int, *, expected: str = "", fix: str = "") -> None:
        raise ExpressionError(
            what, text=self.text, position=position, where=self.where, expected=expected, fix=fix
        )

    def build(self, position: int, make: Callable[[], Node]) -> Node:
        """Run a builder; give its error the position it lacks."""
        try:
            return make()
        except ExpressionError:
            raise
        except StrategyError as problem:
            inner = f"{problem.where}: {problem.what}" if problem.where else problem.what
            raise ExpressionError(
                inner,
                text=self.text,
                position=position,
                where=self.where,
                expected=problem.expected,
                fix=problem.fix,
            ) from None

    # -- grammar

    def whole(self) -> Node:
        node = self.expression(0)
        if self.token.kind != "end":
            self.fail(f"found {self.found()} after the expression", self.token.position)
        if depth(node) > DEPTH_MAX:
            self.too_deep(0)
        return node

    def expression(self, power: int) -> Node:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.too_deep(self.token.position)
        left = self.prefix()
        while self.power() > power:
            left = self.infix(left)
        self.depth -= 1
        return left

    def too_deep(self, position: int) -> None:
        self.fail(
            "the expression is nested too deep",
            position,
            expected=f"at most {DEPTH_MAX} levels",
        )

    def power(self) -> int:
        token = self.token
        if token.kind == "word":
            return _WORD_POWER.get(token.text, 0)
        if token.kind == ".":
            return POSTFIX
        return BINARY.get(token.kind, 0)

    def infix(self, left: Node) -> Node:
        token = self.take()
        if token.kind == ".":
            return self.postfix(left)
        power = _WORD_POWER[token.text] if token.kind == "word" else BINARY[token.kind]
        right = self.expression(power)
        name = token.text
        node = self.build(token.position, lambda: building.apply(name, (left, right)))
        if power == COMPARE and self.power() == COMPARE:
            self.fail(
                "two comparisons in a row",
                self.token.position,
                fix="write x.between(low, high), or join two comparisons with &",
            )
        return node

    def prefix(self) -> Node:
        token = self.take()
        match token.kind:
            case "number":
                return self.build(token.position, lambda: building.number(float(token.text)))
            case "name":
                return self.name(token)
            case "(":
                inner = self.expression(0)
                self.expect(")")
                return inner
            case "-" | "~":
                sign = "neg" if token.kind == "-" else "~"
                arg = self.expression(UNARY)
                return self.build(token.position, lambda: building.apply(sign, (arg,)))
            case "word" if token.text == "~":
                arg = self.expression(NOT)
                return self.build(token.position, lambda: building.apply("~", (arg,)))
            case _:
                self.at -= 1
                self.fail(
                    f"found {self.found()}",
                    token.position,
                    expected="a series, a function, a number or '('",
                )
                raise AssertionError

    def name(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Flag(token.text == "true")
        if token.text == "p" and self.token.kind == ".":
            return self.parameter()
        if self.token.kind == "(":
            return self.call(token, ())
        found = building.series(token.text)
        if found is None:
            known = (*SERIES, *building.known_names(), *(f"p.{name}" for name in self.params))
            calls = token.text in building.known_names()
            self.fail(
                f"unknown name '{token.text}'",
                token.position,
                fix=f"write {token.text}(...)" if calls else suggest(token.text, known),
            )
        assert found is not None
        return found

    def parameter(self) -> Node:
        self.take()
        token = self.expect("name")
        spec = self.params.get(token.text)
        if spec is None:
            self.fail(
                f"unknown parameter 'p.{token.text}'",
                token.position,
                expected=f"one of {', '.join(self.params)}" if self.params else "no parameters",
                fix=suggest(token.text, self.params),
            )
        assert spec is not None
        return Ref(token.text, Kind.SWITCH if spec.is_switch else Kind.NUMBER)

    def postfix(self, left: Node) -> Node:
        token = self.expect("name")
        if self.token.kind == "(":
            if token.text not in METHODS:
                self.fail(
                    f"unknown method '.{token.text}()'",
                    token.position,
                    expected=f"one of {', '.join(sorted(METHODS))}",
                    fix=suggest(token.text, METHODS),
                )
            return self.call(token, (left,))
        return self.build(token.position, lambda: building.output(left, token.text))

    def call(self, name: Token, first: tuple[Node, ...]) -> Node:
        self.expect("(")
        args: list[Node | str] = list(first)
        named: dict[str, Node] = {}
        while self.token.kind != ")":
            self.argument(args, named)
            if self.token.kind != ")":
                self.expect(",")
        self.take()
        return self.build(name.position, lambda: building.apply(name.text, args, named))

    def argument(self, args: list[Node | str], named: dict[str, Node]) -> None:
        token = self.token
        if token.kind == "text":
            args.append(self.take().text)
        elif token.kind == "name" and self.tokens[self.at + 1].kind == "=":
            self.at += 2
            if token.text in named:
                self.fail(f"'{token.text}' given twice", token.position)
            named[token.text] = self.expression(0)
        elif named:
            self.fail("a positional argument after a named one", token.position)
        else:
            args.append(self.expression(0))
