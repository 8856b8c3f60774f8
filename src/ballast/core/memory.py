"""Columns and rows by address: what a compiled function may be handed instead of many arrays.

Why: passing thirty arrays through ten small functions costs two microseconds a bar in copies and
reference counts (measured: 0.5 M bars/s against more than 60 M). A run therefore binds its arrays
once into one `tape` record of addresses; compiled code reads `f8(tape.close, i)` and takes rows by
reference with a `rows(DTYPE)` loader. The arrays are kept alive by the object that bound them.

Nothing checks bounds in compiled code here, so indices are asserted where they are made. With the
compiler switched off the same names look the array up and check every index.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numba
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Loader = Callable[[int, int], Any]

_config: Any = numba.config
_cgutils: Any = cgutils
_ir: Any = _cgutils.ir  # the compiler's own types: the stubs do not export them
COMPILED = not _config.DISABLE_JIT

WORD = 8
"""Bytes that `word_at` reads at once, and prices that `most_of_8` and `least_of_8` look at."""

_HELD: dict[int, NDArray[Any]] = {}
"""Arrays by address, kept only when the compiler is off: then loaders find them here."""


def address_of(array: NDArray[Any]) -> int:
    """Return where an array's first element lies, the fastest way there is for its kind."""
    if array.dtype.names:
        return int(array.ctypes.data)
    return int(array.__array_interface__["data"][0])


class Binding:
    """Keeps arrays alive and gives their addresses; `close` forgets them."""

    def __init__(self) -> None:
        """Start with nothing bound."""
        self._arrays: list[NDArray[Any]] = []

    def bind(self, array: NDArray[Any]) -> int:
        """Return the address of a C-contiguous array (0 for an empty one)."""
        assert array.flags.c_contiguous
        if array.size == 0:
            return 0
        address = address_of(array)
        self._arrays.append(array)
        if not COMPILED:
            _HELD[address] = array
        return address

    def close(self) -> None:
        """Let the arrays go."""
        for array in self._arrays:
            _HELD.pop(address_of(array), None)
        self._arrays.clear()


def _scalar_loader(scalar: Any, width: int) -> Any:  # noqa: ANN401 - numba's types are untyped
    @intrinsic
    def load(typing_context: Any, address: Any, index: Any) -> Any:  # noqa: ANN401, ARG001
        signature = scalar(types.int64, types.int64)

        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            step = context.get_constant(types.int64, width)
            at = builder.add(args[0], builder.mul(args[1], step))
            pointer = builder.inttoptr(at, context.get_data_type(scalar).as_pointer())
            return builder.load(pointer, align=width)

        return signature, codegen

    return load


def _reducer(better: str) -> Any:  # noqa: ANN401 - numba's types are untyped
    """Return a loader of the one of eight float64 that is `better` ("<" or ">") than the others."""

    @intrinsic
    def reduce(typing_context: Any, address: Any, index: Any) -> Any:  # noqa: ANN401, ARG001
        signature = types.float64(types.int64, types.int64)

        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            step, flag = context.get_constant(types.int64, WORD), _ir.IntType(32)
            kind = _ir.VectorType(context.get_data_type(types.float64), WORD)
            at = builder.add(args[0], builder.mul(args[1], step))
            found = builder.load(builder.inttoptr(at, kind.as_pointer()), align=WORD)
            width = WORD
            while width > 1:  # one half against the other
                width //= 2
                halves = []
                for first in (0, width):
                    places = _ir.VectorType(flag, width)(list(range(first, first + width)))
                    halves.append(builder.shuffle_vector(found, found, places))
                wins = builder.fcmp_ordered(better, *halves)
                found = builder.select(wins, *halves)
            return builder.extract_element(found, flag(0))

        return signature, codegen

    return reduce


def _scalar_storer(scalar: Any, width: int) -> Any:  # noqa: ANN401 - numba's types are untyped
    @intrinsic
    def store(typing_context: Any, address: Any, index: Any, value: Any) -> Any:  # noqa: ANN401, ARG001
        signature = types.void(types.int64, types.int64, scalar)

        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            step = context.get_constant(types.int64, width)
            at = builder.add(args[0], builder.mul(args[1], step))
            pointer = builder.inttoptr(at, context.get_data_type(scalar).as_pointer())
            builder.store(args[2], pointer)
            return context.get_dummy_value()

        return signature, codegen

    return store


def _toucher(width: int) -> Any:  # noqa: ANN401 - numba's types are untyped
    @intrinsic
    def touch(typing_context: Any, address: Any, index: Any) -> Any:  # noqa: ANN401, ARG001
        signature = types.void(types.int64, types.int64)

        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            byte = _ir.IntType(8).as_pointer()
            flag = _ir.IntType(32)
            kind = _ir.FunctionType(_ir.VoidType(), [byte, flag, flag, flag])
            prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
            step = context.get_constant(types.int64, width)
            at = builder.inttoptr(builder.add(args[0], builder.mul(args[1], step)), byte)
            builder.call(prefetch, [at, flag(0), flag(3), flag(1)])  # read, keep, data
            return context.get_dummy_value()

        return signature, codegen

    return touch


def _row_loader(dtype: np.dtype[np.void]) -> Any:  # noqa: ANN401 - numba's types are untyped
    record = from_dtype(dtype)

    @intrinsic
    def load(typing_context: Any, address: Any, index: Any) -> Any:  # noqa: ANN401, ARG001
        signature = record(types.int64, types.int64)

        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:  # noqa: ANN401
            step = context.get_constant(types.int64, dtype.itemsize)
            at = builder.add(args[0], builder.mul(args[1], step))
            return builder.inttoptr(at, context.get_value_type(record))

        return signature, codegen

    return load


def _held(address: int, index: int) -> Any:  # noqa: ANN401 - a scalar or a row
    array = _HELD[address]
    assert 0 <= index < array.size, (index, array.size)
    return array.reshape(-1)[index] if array.ndim > 1 else array[index]


def _held_store(address: int, index: int, value: float) -> None:
    array = _HELD[address]
    assert 0 <= index < array.size, (index, array.size)
    array.reshape(-1)[index] = value


def _held_touch(_address: int, _index: int) -> None:
    """Do nothing: there is no cache to warm."""


def _held_f8(address: int, index: int) -> float:
    return float(_held(address, index))


def _held_int(address: int, index: int) -> int:
    return int(_held(address, index))


def _held_word(address: int, index: int) -> int:
    row: Any = _HELD[address].reshape(-1)[index : index + WORD]
    assert row.size == WORD
    return int.from_bytes(row.tobytes(), sys.byteorder, signed=True)


def _held_most(address: int, index: int) -> float:
    return max(_held_f8(address, index + place) for place in range(WORD))


def _held_least(address: int, index: int) -> float:
    return min(_held_f8(address, index + place) for place in range(WORD))


def rows(dtype: np.dtype[np.void]) -> Loader:
    """Return `load(address, index)` that gives a row of `dtype` by reference."""
    loader: Loader = _row_loader(dtype) if COMPILED else _held
    return loader


f8: Callable[[int, int], float] = _scalar_loader(types.float64, 8) if COMPILED else _held_f8
"""Read element `index` of the float64 array at `address`."""

i8: Callable[[int, int], int] = _scalar_loader(types.int64, 8) if COMPILED else _held_int
"""Read element `index` of the int64 array at `address`."""

u1: Callable[[int, int], int] = _scalar_loader(types.uint8, 1) if COMPILED else _held_int
"""Read element `index` of the uint8 array at `address`."""

word_at: Callable[[int, int], int] = _scalar_loader(types.int64, 1) if COMPILED else _held_word
"""Read the eight bytes from byte `index` on, wherever they lie."""

most_of_8: Callable[[int, int], float] = _reducer(">") if COMPILED else _held_most
"""Return the largest of the eight float64 from element `index` on, in the time of two."""

least_of_8: Callable[[int, int], float] = _reducer("<") if COMPILED else _held_least
"""Return the smallest of the eight float64 from element `index` on, in the time of two."""

touch_8: Callable[[int, int], None] = _toucher(8) if COMPILED else _held_touch
"""Ask for the cache line of element `index` of an array of eight-byte elements, to be read soon.

Never faults, whatever the index. A jump of a run touches a dozen columns at one bar: asked for at
once, their misses cost the time of one.
"""

set_f8: Callable[[int, int, float], None] = (
    _scalar_storer(types.float64, 8) if COMPILED else _held_store
)
"""Write element `index` of the float64 array at `address`."""

set_i8: Callable[[int, int, int], None] = (
    _scalar_storer(types.int64, 8) if COMPILED else _held_store
)
"""Write element `index` of the int64 array at `address`."""
