"""An asker that answers from a script: what each method says, in order, the last one for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call

NOW_MS = 1_700_000_000_000
CREATE, AMEND, CANCEL = (f"privatePostV5Order{act}" for act in ("Create", "Amend", "Cancel"))
REALTIME, HISTORY = "privateGetV5OrderRealtime", "privateGetV5OrderHistory"
EXECUTIONS = "privateGetV5ExecutionList"
POSITIONS = "privateGetV5PositionList"
TRADING_STOP = "privatePostV5PositionTradingStop"
TAKEN = {"orderId": "5a17b0c1", "orderLinkId": ""}
NONE: dict[str, Any] = {"list": [], "nextPageCursor": ""}


class ScriptedAsker:
    """Answers with results (wrapped as the venue wraps them) or raises errors."""

    def __init__(self, **script: Any) -> None:
        """Take a result, an error or a list of them for each method."""
        self.calls: list[Call] = []
        self._script = {
            name: list(one) if isinstance(one, list) else [one] for name, one in script.items()
        }

    async def ask(self, call: Call) -> Any:
        """Answer."""
        self.calls.append(call)
        answers = self._script[call.method]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, CallError):
            raise answer
        return {"retCode": 0, "retMsg": "OK", "result": answer, "time": NOW_MS}

    def now_ms(self) -> int:
        """Return the venue's time."""
        return NOW_MS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        """Return something that shows what was signed."""
        return f"{digest}({text})"

    key = "key"
    passphrase = ""

    def asked(self, method: str) -> list[Any]:
        """Return the parameters of all calls of a method."""
        return [dict(one.params) for one in self.calls if one.method == method]


def refusal(verdict: Verdict = Verdict.REFUSED, code: str = "1", **more: Any) -> CallError:
    """Return a failure."""
    return CallError(verdict, "scripted", code=code, **more)


def listed(*rows: Any, cursor: str = "") -> dict[str, Any]:
    """Return a page."""
    return {"list": list(rows), "nextPageCursor": cursor}
