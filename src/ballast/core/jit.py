"""The one door to compiled code.

Why a door: numba's disk cache is keyed by the function's own file, so a caller keeps an old copy of
a function it calls from another file, and options such as bounds checks are not part of the key.
Both were reproduced. The cache folder therefore carries a hash of *all* compiled sources, of the
versions and of the flags; any edit of one gives a new, empty folder. A source is compiled if it
comes through this door, or if one that does imports it, at however many removes: its constants
are frozen into the machine code.

`fastmath` is off everywhere: the same input must give the same bits on every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.typed_passes import InlineOverloads, NopythonRewrites
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FindLiterallyCalls,
    InlineClosureLikes,
    InlineInlinables,
    LiteralPropagationSubPipelinePass,
    LiteralUnroll,
    MakeFunctionToJitFunction,
    RewriteSemanticConstants,
    WithLifting,
)

from ballast.core.cachedir import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

_njit: Any = numba.njit  # stubs know neither the inner flags nor functions of any shape
_types: Any = numba.types
_config: Any = numba.config  # numba sets its options at import time: unknown to a type checker


class _NoEnvironment:
    """Sets the environment of code that is not in memory: nowhere, as after a warm start."""

    def set_env(self, env_name: str, env: object) -> None:
        """Do nothing: only functions with a door for Python have an environment."""


class _Ingredient(JITCodeLibrary):
    """Code that other compiled code takes in, and that never runs by itself: no machine code.

    Nor is it optimised: who takes it in optimises all of it together, and would do it again.
    """

    @property
    def codegen(self) -> _NoEnvironment:
        """What is asked to set the environment, once the code is there."""
        return _NoEnvironment()

    def _optimize_final_module(self) -> None:
        """Leave the code as it was written."""

    def _finalize_final_module(self) -> None:
        """Stop before the machine code: a caller takes the code in and makes its own."""
        library: Any = self
        library._finalize_dynamic_globals()  # noqa: SLF001 - itself, under a name without a type
        library._verify_declare_only_symbols()  # noqa: SLF001
        library._finalized = True  # noqa: SLF001


_LEFT_OUT = {
    DeadBranchPrune, FindLiterallyCalls, InlineClosureLikes, InlineInlinables, InlineOverloads,
    LiteralPropagationSubPipelinePass, LiteralUnroll, MakeFunctionToJitFunction, NopythonRewrites,
    RewriteSemanticConstants, WithLifting,
}  # fmt: skip
"""Passes for closures, `with`, literals and array expressions, which inner functions do without."""


class _InnerCompiler(CompilerBase):
    """The usual compiler, for functions without a door for Python.

    A sixth of a first start went into machine code, and its files, that nothing ever ran.
    """

    def define_pipelines(self) -> list[Any]:
        """Return the usual passes but some; what they write goes into an ingredient."""
        state: Any = self.state
        library: Any = _Ingredient
        passes: Any = DefaultPassBuilder
        manager = passes.define_nopython_pipeline(state)
        manager.passes = [each for each in manager.passes if each[0] not in _LEFT_OUT]
        manager.finalize()
        name = state.func_id.func_qualname if state.func_id else "inner"
        state.library = library(state.targetctx.codegen(), name)
        return [manager]


CACHE_DIR = cache_dir((bool(_config.BOUNDSCHECK), bool(_config.DISABLE_JIT)))
"""Folder of compiled code; empty where none is writable, and then every process compiles anew."""
_config.CACHE_DIR = CACHE_DIR
_CAN_CACHE = bool(CACHE_DIR)


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on first use: cached on disk, GIL released, IEEE arithmetic."""
    return _compile(function)


def jit_inline(function: Callable[P, R]) -> Callable[P, R]:
    """Compile as `jit`, and always paste the machine code into the compiled callers.

    For a step called once a row that works on arrays: left to itself the compiler stops pasting
    such functions once a loop has two of them, and the calls then cost more than the work.
    """
    return _compile(function, inline=True)


def jit_inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compile as `jit`, without a door for Python: only compiled code may call the result.

    A quarter less to compile for each of the many small functions of the kernel. Nothing of it is
    kept on disk: its callers are, with this code inside. The compiler decides whether it is called
    or pasted.
    """
    return _compile(function, inner=True)


def jit_pasted(function: Callable[P, R]) -> Callable[P, R]:
    """Compile as `jit_inner`, and always paste the code into the compiled callers.

    For what an ordinary bar or trade runs through: a trade made four thousand instructions, and a
    quarter of its time was calls of functions with a dozen arguments.
    """
    return _compile(function, inner=True, inline=True)


def _compile(
    function: Callable[P, R], *, inline: bool = False, inner: bool = False
) -> Callable[P, R]:
    special = {"pipeline_class": _InnerCompiler} if inner else {}
    compiled: Any = _njit(
        function,
        cache=_CAN_CACHE and not inner,
        fastmath=False,
        error_model="python",
        nogil=True,
        forceinline=inline,
        no_cpython_wrapper=inner,
        no_cfunc_wrapper=inner,
        **special,
    )
    _forget_literals(compiled)
    return cast("Callable[P, R]", compiled)


def _forget_literals(compiled: Any) -> None:  # noqa: ANN401 - numba has no types
    """Compile one version for all integer constants a caller may pass, not one for each.

    Numba types a constant argument by its value; a reason code would give a dozen copies of the
    book-keeping: 118 compiled functions where 92 do.
    """
    template = getattr(compiled, "get_call_template", None)
    if template is None:  # the compiler is switched off
        return

    def plain(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:  # noqa: ANN401
        words = {name: _types.unliteral(kind) for name, kind in kws.items()}
        return template(tuple(_types.unliteral(kind) for kind in args), words)

    compiled.get_call_template = plain


def interpreted(function: Callable[P, R]) -> Callable[P, R]:
    """Return the plain Python function behind a compiled one (for oracle tests)."""
    return cast("Callable[P, R]", getattr(function, "py_func", function))
