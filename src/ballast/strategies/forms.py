"""The written forms of a strategy: JSON, TOML, Python; the first two are read back here.

Expressions are the same text in all three: the language is a subset of Python's syntax, so a
formula can be copied from a TOML file into a Python file and the other way round.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any

import tomlkit

from ballast.core.errors import StrategyError
from ballast.strategies.lexer import Token, tokenise
from ballast.strategies.printing import show_number
from ballast.strategies.signatures import ALIASES

LINE = 88
"""A formula longer than this is broken at its outermost `&` or `|`."""


def write_json(data: dict[str, Any]) -> str:
    """Print two-space JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def read_json(text: str, where: str) -> object:
    """Read JSON; raise `StrategyError` with line and column."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        raise StrategyError(
            f"not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}",
            where=where,
        ) from None


def _no_constant(name: str) -> float:
    raise StrategyError(f"{name} is not a number", expected="a finite number")


def read_toml(text: str, where: str) -> object:
    """Read TOML; raise `StrategyError` with line and column."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise StrategyError(f"not TOML: {problem}", where=where) from None


def write_toml(data: dict[str, Any]) -> str:
    """Print TOML: one line a parameter, one formula a line or broken at its terms."""
    document = tomlkit.document()
    for key, value in data.items():
        document[key] = _toml_table(key, value) if isinstance(value, dict) else value
    return tomlkit.dumps(document)


def _toml_table(key: str, rows: dict[str, Any]) -> Any:  # noqa: ANN401 - tomlkit items
    table = tomlkit.table()
    for name, value in rows.items():
        if key == "params" or (key == "trade" and isinstance(value, dict)):
            line = tomlkit.inline_table()
            line.update(value)
            table[name] = line
        elif isinstance(value, list):
            lines = tomlkit.aot()
            for row in value:
                item = tomlkit.table()
                item.update(row)
                lines.append(item)
            table[name] = lines
        elif isinstance(value, str) and len(value) > LINE:
            table[name] = tomlkit.string("\n".join(_broken(value)) + "\n", multiline=True)
        else:
            table[name] = value
    return table


def _broken(text: str) -> list[str]:
    """Break a formula before each of its outermost `&` or `|`."""
    depth, cuts = 0, [0]
    for token in tokenise(text):
        depth += (token.kind == "(") - (token.kind == ")")
        if depth == 0 and token.kind in ("&", "|"):
            cuts.append(token.position)
    return [text[a:b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


# ---------------------------------------------------------------- Python


def write_python(data: dict[str, Any]) -> str:
    """Print a file that makes the same strategy with `ballast.strategies`."""
    lines = [f"    {json.dumps(data['name'])},"]
    lines += [
        f"    {key}={json.dumps(data[key], ensure_ascii=False)},"
        for key in ("doc", "tag")
        if key in data
    ]
    if data["params"]:
        lines.append("    params=p,")
    if "require" in data:
        lines.append(f"    require=[{', '.join(data['require'])}],")
    lines += [_assignment(key, text) for key, text in data["signals"].items()]
    lines += [_assignment(key, text) for key, text in _trade(data["trade"]).items()]
    body = "\n".join(lines)
    declared = "".join(f"    {key}={_param(row)},\n" for key, row in data["params"].items())
    head = f"p = params(\n{declared})\n\n" if declared else ""
    code = f"{head}STRATEGY = strategy(\n{body}\n)\n"
    words = "".join(f"    {word},\n" for word in sorted(_imports(code)))
    return f"from ballast.strategies import (\n{words})\n\n{code}"


def _assignment(key: str, text: str) -> str:
    if len(text) <= LINE or text.startswith("["):
        return f"    {key}={text},"
    inner = "\n        ".join(_broken(text))
    return f"    {key}=(\n        {inner}\n    ),"


def _param(row: dict[str, Any]) -> str:
    parts = [_literal(row["default"])]
    parts += [f"{key}={_literal(row[key])}" for key in ("low", "high", "step") if key in row]
    if "choices" in row:
        parts.append(f"choices=[{', '.join(_literal(item) for item in row['choices'])}]")
    if "doc" in row:
        parts.append(f"doc={json.dumps(row['doc'], ensure_ascii=False)}")
    return f"param({', '.join(parts)})"


def _literal(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return repr(value)


def _scalar(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Print a number, a switch or the text of a formula."""
    if isinstance(value, bool):
        return repr(value)
    return value if isinstance(value, str) else show_number(float(value))


def _trade(trade: dict[str, Any]) -> dict[str, str]:
    """Return the keyword arguments of `strategy(...)` as source text."""
    made: dict[str, str] = {}
    for key, value in trade.items():
        match key:
            case "size":
                made[key] = _named(
                    value["mode"], [value["value"]], value, ("in_quote", "i_accept_ruin")
                )
            case "stop" if value["kind"] == "column":
                made[key] = f"stop_at({value['price']})"
            case "stop":
                number = [value["value"]] if "value" in value else []
                made[key] = _named(_level(value["kind"], "stop"), number, value, ())
            case "trail":
                keys = ("distance", "activation", "adaptive", "floor_entry")
                made[key] = _named(_level(value["kind"], "trail"), [], value, keys)
            case "take":
                made["takes"] = f"[{', '.join(_take(row) for row in value)}]"
            case "entry_limit":
                made[key] = _named("pull_back", [], value, ("atr", "bars"))
            case "direction" | "margin" | "trigger" | "intrabar":
                made[key] = json.dumps(value)
            case "exit_after":
                made[key] = json.dumps(value) if _is_duration(value) else _scalar(value)
            case _:
                made[key] = _scalar(value)
    return made


def _is_duration(value: object) -> bool:
    return isinstance(value, str) and value[:1].isdigit() and value[-1:].isalpha()


def _level(kind: str, noun: str) -> str:
    return f"no_{noun}" if kind == "none" else f"{kind}_{noun}"


def _take(row: dict[str, Any]) -> str:
    name = "take" if row["kind"] == "percent" else f"take_{row['kind']}"
    return f"{name}({_scalar(row['value'])}, {_scalar(row['fraction'])})"


def _named(name: str, first: list[Any], row: dict[str, Any], keys: tuple[str, ...]) -> str:
    parts = [_scalar(value) for value in first]
    parts += [f"{key}={_scalar(row[key])}" for key in keys if key in row]
    return f"{name}({', '.join(parts)})"


def _imports(code: str) -> set[str]:
    """Collect the words of the language that a source text uses."""
    words: set[str] = set()
    tokens = _tokens(code)
    for before, token, after in zip(
        [Token("", "", 0), *tokens], tokens, [*tokens[1:], Token("", "", 0)], strict=False
    ):
        is_word = token.kind == "name" and before.kind != "." and after.kind != "="
        if is_word and token.text not in ("p", "True", "False", "None", "abs"):
            words.add(token.text)
    assert not words & set(ALIASES)
    return words


def _tokens(code: str) -> list[Token]:
    """Tokenise Python source made of our own words: brackets of lists become parentheses."""
    plain: list[str] = []
    quoted, escaped = False, False
    for sign in code:
        if quoted:
            escaped, quoted = (sign == "\\" and not escaped), sign != '"' or escaped
            plain.append(" ")
        else:
            quoted = sign == '"'
            plain.append({"[": "(", "]": ")", '"': " "}.get(sign, sign))
    return tokenise("".join(plain))
