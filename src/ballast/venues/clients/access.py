"""Access: how one venue is reached through ccxt: its class, its options, its codes, its budgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ballast.core.settings.rule import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.clients.calls import CallError

NO_SECRET = Secret("")
WINDOW_MS = 3_000
"""Receive window of signed requests: a venue forwards none that is older. The fence behind which a
lost order is taken as not accepted counts on it (`runtime.node.execution.WINDOW_NS`)."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What an account signs with."""

    key: Secret = NO_SECRET
    secret: Secret = NO_SECRET
    passphrase: Secret = NO_SECRET


OF_PATH = "path"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a venue's headers say of a budget: how much is used of how much, and when it is free."""

    pool: str
    """A `Pool`, or `OF_PATH`: of the end point that was asked, counted in its requests."""
    used: float
    limit: float | None = None
    resets_s: float | None = None


class ReadFault(Protocol):
    """Reads the venue's own error out of an answer."""

    def __call__(self, status: int, answer: Any, body: str) -> CallError | None:  # noqa: ANN401
        """Return what is wrong; None where the answer is a success. `answer` is None: no JSON."""
        ...


def no_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Read nothing: a venue that does not tell."""
    del headers
    return ()


@dataclass(frozen=True, slots=True)
class Access:
    """One venue. `*_minute` are its published budgets in its own weight; 0: one budget for all."""

    venue: str
    ccxt_id: str
    read_fault: ReadFault
    options: Mapping[str, Any] = field(default_factory=dict)
    data_minute: float = 1_200.0
    orders_minute: float = 0.0
    minute_s: float = 60.0
    """How long that minute is. Of points that decay, in which time a full counter is empty: so many
    in any such span never fill it (Kraken)."""
    data_second: float = 0.0
    """Of venues that count by the second as well; 0: they do not."""
    orders_second: float = 0.0
    read_usage: Callable[[Mapping[str, str]], tuple[Usage, ...]] = no_usage
    """Header names arrive in lower case."""
    shares: str = ""
    """Name of the budget that venues behind one address or account have together (Bybit's spot and
    perpetuals); '': the venue has its own."""
    needs_passphrase: bool = False
    stamp_back_s: int = 0
    """By how much a request is dated back where it is good for longer than the fence of an order
    waits: Coinbase's tokens live two minutes from their date on, OKX's requests half a one."""
    path_budget: float = 0.0
    """What the calls of one end point may cost within `path_window_s`, where the venue counts each
    by itself (OKX); 0: it does not."""
    path_window_s: float = 2.0
    is_demo: bool = False
    """Whether it is the venue's demo, whose addresses ccxt has beside the real ones (Binance)."""
    nonce_grows: bool = False
    """Whether each signed request must carry a larger number than the one before (Kraken)."""
