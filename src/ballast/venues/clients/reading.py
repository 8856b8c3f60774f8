"""Reading: an answer that is not as it should be is a failed call, not a crash of ours."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.normalise.exact import BrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

UNREADABLE = (ValueError, LookupError, TypeError, BrokenError)
"""What reading an answer of another shape raises."""


def reads_answers(
    method: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a question raise `CallError` where fields are missing or are not what they should be."""

    @wraps(method)
    async def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except UNREADABLE as error:
            why = f"an answer that cannot be read: {type(error).__name__} {error}"
            raise CallError(Verdict.UNCLEAR, why) from error

    return asked
