"""File names: whatever we write has a name that Windows takes too (R-ARCH-18).

What a name is made of is either written there, or stands in `SAFE` with why it is safe. So a new
way to name a file fails here until somebody has looked at it.
"""

from __future__ import annotations

import ast
import re

import pytest
from tests.data import ROOT, parsed

from ballast.research.metrics.catalogue import METRICS
from ballast.service.kinds import run_named
from ballast.store.symbols import folder_name

SRC = ROOT / "src" / "ballast"
NAMING = {"with_name", "with_suffix", "with_stem", "joinpath", "mkdtemp"}
REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f]')
SAFE = {
    # what a piece of a name is     where it comes from
    "folder_name(name)": "encoded",
    "folder_name(series)": "encoded",
    "folder_name(symbol)": "encoded",
    "folder_name(venue)": "encoded",
    "folder_name(venue_name(venue))": "encoded",
    "value_hash(rows)[:8]": "hexadecimal",
    "timeframe": "a number and a letter",
    "month": "2024-01",
    "key": "a kind and a day",
    "account": "small letters, digits and _; no device where there are some",
    "self.account": "as above",
    "chosen.account": "as above",
    "opened.rules.account": "as above",
    "said.kept_as": "an account and a number",
    "stamp": "digits and -",
    "metric": "an id; see below",
    "message.name": "digits",
    "one.strategy.name": "small letters, digits and _",
    "FORMS[form]": "an ending of ours",
    "name": "of a strategy, document or table, digits of a message, an account, a hash",
    "chunk[0]": "digits",
    "chunk[1]": "digits",
    "previous.seq + 1": "digits",
    "last_seq": "digits",
    "number": "digits",
    "version": "digits",
    "os.getpid()": "digits",
    "next(_serial)": "digits",
    "KEY_FILE": "ours",
    "SUFFIX": "ours",
    "_SUFFIX": "ours",
    "TEMP_SUFFIX": "ours",
    "suffix": "ours",
    "path.suffix": "of a file that is there",
    "path.name": "of a file that is there or was named by a person",
    "self.path.name": "as above",
    "self.path.stem": "as above",
    "self.path.suffix": "as above",
    "stem.name": "as above",
    "temp.name": "as above",
    "kept.name": "as above",
    "target.name": "as above",
    "journal.name": "as above",
    "series.name": "as above",
    "part.name.replace('/', '_')": "no file is made: a name is read",
    "*module.decode().split('.')": "no file is made: modules of ours are read",
}


def pieces_of(part: ast.expr) -> list[str]:
    """What a name is made of: texts of ours in quotes, the rest as it is written."""
    match part:
        case ast.Constant(value=str()):
            return [repr(part.value)]
        case ast.JoinedStr(values=values):
            return [piece for one in values for piece in pieces_of(one)]
        case ast.FormattedValue(value=value):
            return [ast.unparse(value)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return pieces_of(left) + pieces_of(right)
        case _:
            return [ast.unparse(part)]


def named_in(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(
                op=ast.Div(), right=ast.JoinedStr() | ast.Constant(value=str()) as right
            ):
                found += pieces_of(right)
            case ast.AugAssign(op=ast.Div(), value=ast.JoinedStr() as right):
                found += pieces_of(right)
            case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in NAMING:
                found += [piece for one in args for piece in pieces_of(one)]
                found += [
                    piece
                    for one in node.keywords
                    if one.arg in {"prefix", "suffix"}
                    for piece in pieces_of(one.value)
                ]
            case _:
                continue
    return found


PIECES = {piece for path in SRC.rglob("*.py") for piece in named_in(parsed(path))}


def test_what_names_files_is_known_and_safe() -> None:
    ours = {piece for piece in PIECES if piece[0] in "'\""}
    assert len(ours) > 30
    assert {piece for piece in ours if REFUSED.search(ast.literal_eval(piece))} == set()
    assert PIECES - ours - set(SAFE) == set(), "look at these, and say in SAFE why they are safe"
    assert set(SAFE) - PIECES == set(), "these name no file any more"


@pytest.mark.parametrize(
    "planted", ['root / f"{at:%H:%M}.csv"', 'root / "a:b"', 'path.with_name(f"{format_ms(x)}.log")']
)
def test_a_new_name_is_seen(planted: str) -> None:
    """The check bites: a time with a colon in it is how such names come about."""
    found = named_in(ast.parse(planted))
    assert any(
        REFUSED.search(ast.literal_eval(one)) if one[0] in "'\"" else one not in SAFE
        for one in found
    )


def test_what_is_safe_is_so() -> None:
    names = [*(one.path for one in METRICS), run_named("paper", 1_700_000_000_123_456_789)]
    names += [folder_name(one) for one in ("BTC/USDT:USDT-260327", "a*b?", "AUX", "x.", "<|>")]
    for name in names:
        assert not REFUSED.search(name), name
        assert not name.endswith("."), name
