"""Forms: how each type of a field is written as plain JSON values, and read back strictly.

    bool, int, str     as they are; true is no number, 1 is no truth
    float              finite; an int reads as a float too
    Decimal            its digits as text: "0.10" stays "0.10"
    enum               its value
    None               null
    tuple[X, ...]      a list; tuple[X, Y] a list of that length
    Mapping[str, X]    an object
    bytes              hex
    dataclass          an object with every field that its constructor takes
    X | None           X or null
    unions             dataclasses with their class name under `type`, plain types by JSON type

Money is int, `Decimal` or str. A float stands only where a field says float: in what was measured
and decided upon, never in what is traded.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from ballast.core.errors import DataError, InternalError

TAG = "type"
"""Where the class name of a member of a union stands."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are written and read; `where` names the place in messages."""

    write: Callable[[Any, str], Any]
    read: Callable[[Any, str], Any]
    json: tuple[type, ...]  # of what the written value is


def form_of(  # noqa: PLR0911 - one line a kind of type
    kind: Any,  # noqa: ANN401 - any annotation
    seen: tuple[Any, ...] = (),
) -> Form:
    """Return the form of a type; raise `InternalError` for one that cannot be recorded."""
    if isinstance(kind, NewType):
        return form_of(kind.__supertype__, seen)
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind), seen)
    if origin is tuple:
        return _tuple(get_args(kind), seen)
    if origin in (Mapping, dict) and get_args(kind)[0] is str:
        return _mapping(form_of(get_args(kind)[1], seen))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        if kind in seen:
            raise InternalError(f"{kind.__name__} holds itself: a body must have an end")
        return _dataclass(kind, seen)
    raise InternalError(f"a field of type {kind} cannot be recorded")


def _wrong(value: object, where: str, expected: str) -> DataError:
    return DataError(f"{_shown(value)} does not fit", where=where, expected=expected)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - one line


def _exactly(kind: type, expected: str) -> Form:
    def pass_on(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) is not kind:
            raise _wrong(value, where, expected)
        return value

    return Form(pass_on, pass_on, (kind,))


def _text(value: Any, where: str) -> str:  # noqa: ANN401
    if type(value) is not str:
        raise _wrong(value, where, "text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DataError("the text holds half a character", where=where) from None
    return value


def _float(value: Any, where: str) -> float:  # noqa: ANN401
    try:
        found = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise _wrong(value, where, "a finite number")
    return found


def _write_decimal(value: Any, where: str) -> str:  # noqa: ANN401
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _wrong(value, where, "a finite decimal")
    return str(value)


def _read_decimal(value: Any, where: str) -> Decimal:  # noqa: ANN401
    try:
        found = Decimal(value) if type(value) is str else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or str(found) != value:
        raise _wrong(value, where, 'a decimal in quotes, as "0.10"')
    return found


def _write_bytes(value: Any, where: str) -> str:  # noqa: ANN401
    if type(value) is not bytes:
        raise _wrong(value, where, "bytes")
    return value.hex()


def _read_bytes(value: Any, where: str) -> bytes:  # noqa: ANN401
    try:
        found = bytes.fromhex(value) if type(value) is str else None
    except ValueError:
        found = None
    if found is None or found.hex() != value:
        raise _wrong(value, where, "hex digits")
    return found


_PLAIN: dict[Any, Form] = {
    bool: _exactly(bool, "true or false"),
    int: _exactly(int, "a whole number"),
    str: Form(_text, _text, (str,)),
    float: Form(_float, _float, (float, int)),
    type(None): _exactly(type(None), "null"),
    Decimal: Form(_write_decimal, _read_decimal, (str,)),
    bytes: Form(_write_bytes, _read_bytes, (str,)),
}


def _enum(kind: type[Enum]) -> Form:
    values = {one.value: one for one in kind}
    json = tuple({type(value) for value in values})
    if not set(json) <= {int, str}:
        raise InternalError(f"{kind.__name__} has values that are neither int nor str")

    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) is not kind:
            raise _wrong(value, where, f"a {kind.__name__}")
        return value.value

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) not in json or value not in values:
            raise _wrong(value, where, f"a {kind.__name__}: {', '.join(map(str, values))}")
        return values[value]

    return Form(write, read, json)


def _tuple(parts: tuple[Any, ...], seen: tuple[Any, ...]) -> Form:
    if len(parts) == 2 and parts[1] is Ellipsis:  # noqa: PLR2004 - tuple[X, ...]
        one = form_of(parts[0], seen)
        return _sequence(lambda count: [one] * count, "a list")
    forms = [form_of(part, seen) for part in parts if part != ()]
    return _sequence(lambda _: forms, f"a list of {len(forms)}")


def _sequence(forms_of: Callable[[int], list[Form]], expected: str) -> Form:
    def each(value: Any, kind: type, where: str) -> Any:  # noqa: ANN401
        if type(value) is not kind:
            raise _wrong(value, where, expected)
        items: Any = value
        forms = forms_of(len(items))
        if len(forms) != len(items):
            raise _wrong(value, where, expected)
        return enumerate(zip(forms, items, strict=True))

    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        return [
            form.write(item, f"{where}[{at}]") for at, (form, item) in each(value, tuple, where)
        ]

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        found = each(value, list, where)
        return tuple(form.read(item, f"{where}[{at}]") for at, (form, item) in found)

    return Form(write, read, (list,))


def _mapping(item: Form) -> Form:
    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        if not isinstance(value, Mapping):
            raise _wrong(value, where, "a mapping")
        return {_text(key, where): item.write(one, f"{where}.{key}") for key, one in value.items()}

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) is not dict:
            raise _wrong(value, where, "an object")
        return {_text(key, where): item.read(one, f"{where}.{key}") for key, one in value.items()}

    return Form(write, read, (dict,))


def _dataclass(kind: type[Any], seen: tuple[Any, ...]) -> Form:
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise InternalError(
            f"{kind.__name__}: {error}; the types of its fields must be there at run time"
        ) from error
    forms = {
        item.name: form_of(hints[item.name], (*seen, kind)) for item in fields(kind) if item.init
    }

    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) is not kind:
            raise _wrong(value, where, f"a {kind.__name__}")
        return {
            name: form.write(getattr(value, name), f"{where}.{name}")
            for name, form in forms.items()
        }

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        if type(value) is not dict:
            raise _wrong(value, where, f"an object, a {kind.__name__}")
        if value.keys() != forms.keys():
            strange = sorted(value.keys() - forms.keys())
            missing = sorted(forms.keys() - value.keys())
            what = f"unknown field {strange[0]}" if strange else f"no field {missing[0]}"
            raise DataError(what, where=where, expected=f"the fields of {kind.__name__}")
        return kind(
            **{name: form.read(value[name], f"{where}.{name}") for name, form in forms.items()}
        )

    return Form(write, read, (dict,))


def _union(members: tuple[Any, ...], seen: tuple[Any, ...]) -> Form:
    classes = [one for one in members if isinstance(one, type) and is_dataclass(one)]
    if len(classes) > 1:
        rest = tuple(one for one in members if one not in classes)
        tagged = _tagged(classes, seen)
        return _by_json([*(form_of(one, seen) for one in rest), tagged]) if rest else tagged
    return _by_json([form_of(one, seen) for one in members])


def _by_json(forms: list[Form]) -> Form:
    """Choose by what the JSON value is; two members that look alike cannot be told apart."""
    readers: dict[type, Form] = {}
    for form in forms:
        for one in form.json:
            if one in readers:
                raise InternalError(f"two members of a union are both written as {one.__name__}")
            readers[one] = form

    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        for form in forms[:-1]:
            try:
                return form.write(value, where)
            except DataError:
                continue
        return forms[-1].write(value, where)

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        form = readers.get(type(value))
        if form is None:
            raise _wrong(value, where, " or ".join(one.__name__ for one in readers))
        return form.read(value, where)

    return Form(write, read, tuple(readers))


def _tagged(classes: list[Any], seen: tuple[Any, ...]) -> Form:
    forms = {one.__name__: form_of(one, seen) for one in classes}
    if len(forms) != len(classes) or any(
        TAG in {item.name for item in fields(one)} for one in classes
    ):
        raise InternalError(f"members of a union share a name, or have a field {TAG}")

    def write(value: Any, where: str) -> Any:  # noqa: ANN401
        form = forms.get(type(value).__name__)
        if form is None:
            raise _wrong(value, where, " or ".join(forms))
        return {**form.write(value, where), TAG: type(value).__name__}

    def read(value: Any, where: str) -> Any:  # noqa: ANN401
        tag = value.get(TAG) if type(value) is dict else None
        if type(tag) is not str or tag not in forms:
            raise _wrong(value, where, f"an object whose {TAG} is {' or '.join(forms)}")
        rest = {name: item for name, item in value.items() if name != TAG}
        return forms[tag].read(rest, where)

    return Form(write, read, (dict,))
