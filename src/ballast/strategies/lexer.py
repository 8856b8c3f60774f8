"""Tokens of the text form. Numbers, names, texts in quotation marks, operators; nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ballast.strategies.problems import ExpressionError

_PATTERN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<text>"[^"\n]*"|'[^'\n]*')
  | (?P<mark><=|>=|==|!=|[-+*/%<>=&|~(),.])
    """,
    re.VERBOSE | re.ASCII,
)
_WORDS = {"and": "&", "or": "|", "not": "~"}
_HINTS = {
    "^": "write (a & ~b) | (b & ~a)",
    "[": "write close.shift(1) for the bar before",
    "{": "write parentheses",
    "!": "write ~ for not, != for different",
    "'": "close the quotation mark",
    '"': "close the quotation mark",
    ";": "one expression only",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is number, name, text, end, word (and, or, not) or the mark itself."""

    kind: str
    text: str
    position: int


def tokenise(text: str, where: str = "") -> list[Token]:
    """Split `text`; the last token has kind `end`. Raise `ExpressionError` on a foreign sign."""
    tokens, at = [], 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise ExpressionError(
                f"unexpected {text[at]!r}",
                text=text,
                position=at,
                where=where,
                fix=_HINTS.get(text[at], ""),
            )
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(match))
    tokens.append(Token("end", "", len(text)))
    return tokens


def _token(match: re.Match[str]) -> Token:
    kind, found = str(match.lastgroup), match.group()
    if kind == "mark":
        return Token(found, found, match.start())
    if kind == "name" and found in _WORDS:
        return Token("word", _WORDS[found], match.start())
    return Token(kind, found[1:-1] if kind == "text" else found, match.start())
