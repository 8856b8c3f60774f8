"""Broken messages: real ones, damaged as networks, venues and their releases damage them.

Half of the damage is to bytes (flipped, lost, doubled, cut off, glued to another message), half
knows JSON: a value becomes another value of any type, a key is lost, an array is cut, a number gets
a sign, a power or forty digits. The stream is drawn from a seed: a failure can be drawn again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ballast.core.rng import stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 1 << 16
LONGEST = 1_500
"""Bytes of a message kept whole: a longer one, a book, is cut to its first levels."""
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{}:,]')
VALUES = (
    b"null", b"true", b"false", b"0", b"-1", b"1", b"1e5", b"-0.0", b"1e999", b"0.1", b"[]", b"{}",
    b'""', b'"0"', b'"-1"', b'"NaN"', b'"1e-7"', b'"Infinity"', b'"0.-10000"', b'"1.2.3"', b'"."',
    b'"buy"', b'"X"', b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809",
    b"99999999999999999999999999999999999999999", b'"99999999999999999999999999999999999"',
    b'"0.000000000000000000000000000001"', b'"\\ud800"', b'"\\u0000"', b'"\xff"', b"[[[[[]]]]]",
    b'{"a":{"a":{}}}', b'[["1","2"]]', b'[["1"]]', b'"2021-13-41T25:61:61Z"', b'"1e400"', b'"1\n"',
)  # fmt: skip
"""What a token becomes."""


def short(message: bytes) -> bytes:
    """Return a message, or of a long one what is left without most of its levels."""
    if len(message) <= LONGEST:
        return message
    middle = re.sub(rb"(\[\[.{,200}?\])(?:,\[[^\[\]]*\])+(?=\])", rb"\1", message, flags=re.DOTALL)
    return middle if len(middle) <= LONGEST else middle[:LONGEST]


def broken(messages: Sequence[bytes], seed: int, count: int) -> Iterator[bytes]:
    """Yield `count` damaged messages."""
    generator = stream(seed, "mutations")
    kept = sorted({short(message) for message in messages})
    tokens = [TOKEN.findall(message) for message in kept]
    while count > 0:
        draws = generator.integers(0, 1 << 30, size=(min(BLOCK, count), 5)).tolist()
        count -= len(draws)
        for which, how, where, what, again in draws:
            number = which % len(kept)
            if how & 1 and tokens[number]:
                yield _retold(tokens[number], how >> 1, where, what, again)
            else:
                other = kept[again % len(kept)]
                yield _damaged(kept[number], other, how >> 1, where, what)


def _retold(tokens: list[bytes], how: int, where: int, what: int, again: int) -> bytes:
    """Return the message with one or two tokens lost, doubled, swapped or replaced."""
    parts = list(tokens)
    at = where % len(parts)
    match how % 6:
        case 0:
            del parts[at]
        case 1:
            parts.insert(at, parts[at])
        case 2:
            other = again % len(parts)
            parts[at], parts[other] = parts[other], parts[at]
        case 3:
            parts[at] = parts[again % len(parts)]
        case _:
            parts[at] = VALUES[what % len(VALUES)]
            if how & 64:
                parts[again % len(parts)] = VALUES[(what >> 8) % len(VALUES)]
    return b"".join(parts)


def _damaged(message: bytes, other: bytes, how: int, where: int, what: int) -> bytes:
    at = where % max(len(message), 1)
    match how % 6:
        case 0:
            return message[:at]
        case 1:
            return message[:at] + bytes([what & 255]) + message[at + 1 :]
        case 2:
            return message[:at] + message[at + 1 + what % 8 :]
        case 3:
            return message[:at] + message[at : at + what % 40] + message[at:]
        case 4:
            return message[:at] + other[what % max(len(other), 1) :]
        case _:
            return message[:at] + VALUES[what % len(VALUES)] + message[at:]
