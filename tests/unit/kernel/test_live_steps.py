"""What a live session calls is compiled before it begins: a stop does not wait for the compiler."""

from __future__ import annotations

import inspect
import re
from typing import Any

from ballast.kernel import live, stepwise

TYPES = {
    "int": "int64",
    "float": "float64",
    "NDArray[np.int64]": "int64[::1]",
    "NDArray[np.float64]": "float64[::1]",
}


def test_every_step_that_is_called_is_compiled_for_what_it_is_called_with() -> None:
    """R-STOP-01: the first fill of a machine's first session waited seconds for its stop."""
    called = set(re.findall(r"stepwise\.(\w+)\(", inspect.getsource(live.Live)))
    listed: dict[str, Any] = {step.py_func.__name__: (step, types) for step, types in live._STEPS}
    assert set(listed) == called
    for step, types in listed.values():
        wanted = [
            TYPES[one.annotation] for one in inspect.signature(step.py_func).parameters.values()
        ]
        assert types.strip("(),").split(", ") == wanted, step.py_func.__name__


def test_compiling_makes_one_version_of_each_step_and_no_second_one() -> None:
    for _ in range(2):
        live.compile_steps()
        assert {len(step.signatures) for step, _ in live._STEPS} == {1}
    assert stepwise.opened.signatures  # type: ignore[attr-defined]  # a dispatcher of numba
