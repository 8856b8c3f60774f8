"""Runbooks: which entry of `docs/runbooks.md` an alert belongs to.

An alert is text for people, made where something was seen. Here its text is recognised, so that
whoever shows it can say where the page for it begins. `tests/arch/test_runbooks.py` sees to it that
every alert of the program has an entry, and every entry an alert.
"""

from __future__ import annotations

import re

from ballast.oms.lifecycle import Remark
from ballast.oms.protection.cover import Alarm
from ballast.risk.halt.health import Vital

_TEXTS: tuple[tuple[str, str], ...] = (
    ("kill-switch", r"kill switch: "),
    ("drawdown-grows", r"drawdown: .* below the peak; "),
    ("a-check-fails-of-itself", r"a check fails of itself: "),
    ("stops-refused-entries-paused", r"paused: .*\(no_stop\)$"),
    ("released", r"released: the drawdown"),
    ("money-came-or-went", r"(deposit|withdrawal) of .*: neither profit nor loss$"),
    ("deposits-are-not-seen", r"deposits and withdrawals are not seen: "),
    ("stop-refused", Alarm.REFUSED),
    ("no-live-stop", Alarm.BARE),
    ("price-beyond-the-stop", Alarm.CROSSED),
    ("closing-order-sent", Alarm.ORDERED),
    ("closing", r"closing: "),
    ("take-refused", r"take \d+ refused: "),
    ("slippage-beyond-the-limit", r"slippage of \w+ \w+: "),
    ("dust-is-left", r"\d+ lots are left that cannot be sold alone"),
    ("closed-by-somebody-else", r"\d+ lots of \w+ were closed by no order of ours: "),
    ("stop-is-gone", r"the stop \w+ is gone, and nobody here cancelled it"),
    ("heard-of-late", r"\d+ lots (bought|sold) by \w+, heard of \d+ s later"),
    ("position-differs", r"-?\d+ lots at the venue, -?\d+ by fills"),
    ("stray-order", r"\w+ is ours and in no record"),
    ("fill-of-no-order-of-ours", r"a fill of no order of ours: "),
    ("forgotten-fill", r"a fill of \w+, which is over and forgotten, is not booked: "),
    ("closed-before-it-was-known", r"\d+ lots of \w+ closed the unknown"),
    ("adopted", r"adopted: "),
    ("order-reappeared", rf"\w+: {Remark.REAPPEARED}$"),
    ("late-fill", rf"\w+: {Remark.LATE_FILL}$"),
    ("more-filled-than-asked", rf"\w+: {Remark.OVERFILLED}$"),
    ("another-order-of-our-name", rf"\w+: {Remark.OTHER_ORDER}$"),
    ("market-order-did-not-end", r"\w+ did not end within [\d.]+ s: cancelled$"),
    ("order-unknown-for-long", r"nobody has known of \w+ for \d+ s: "),
    ("refusal-contradicted", rf"\w+: {Remark.CONTRADICTED}$"),
    ("clock-drift", r"the venue's clock is [\d.]+ s (ahead of|behind) |the clocks agree again, "),
    ("slow-acknowledgement", r"\w+ was acknowledged \d+ ms after its decision, "),
    ("breaker-open", r"\d+ failures: no entries for \d+ s"),
    ("key-refused", r"the key is refused at the "),
    ("depth-norm-anew", r"the norm of depths (begins anew|is not kept): "),
    ("keys-changed", r"keys of .* from now on, by the "),
    ("keys-not-read", r"keys of .* are kept as they are: "),
    ("shock-announced", r"announced: .*: nothing is opened in "),
    ("announcement-over", r"announcement over: "),
    ("stop-and-a-shock", r"stop (at most \S+ ATR from the price|stays where it is, no ATR)"),
    ("event-source-lost", r"event source: .*; no entries$"),
    ("event-source-heard-again", r"the event source is heard again$"),
    ("no-announcement", r"no announcement: "),
    ("venue-closes", r"the venue (closes soon|is closed) \("),
    ("venue-open-again", r"the venue is open again"),
    ("end-of-trading-announced", r"its end of trading is announced"),
    ("left-the-universe", r"fails the universe's rules: "),
    ("back-in-the-universe", r"passes the universe's rules again"),
    ("new-in-the-universe", r"new in the universe: "),
    ("loop-lags", rf"{Vital.LAG} \d"),
    ("memory-short", rf"{Vital.MEMORY} \d"),
    ("disk-full", rf"{Vital.DISK} (\d|not known)"),
    ("venue-silent", rf"{Vital.SILENCE} \d"),
    ("machine-well-again", rf"({'|'.join(Vital)}) is within its limits again"),
    ("supervisor-restarts", r"it .*; starting again in \d+ s"),
    ("supervisor-gave-up", r"given up: "),
)
RUNBOOKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (anchor, re.compile(text)) for anchor, text in _TEXTS
)
"""Headings of `docs/runbooks.md`, and how the texts begin that belong to them."""


def runbook_of(text: str) -> str:
    """Return the heading of an alert's entry in `docs/runbooks.md`; '' where there is none."""
    return next((anchor for anchor, pattern in RUNBOOKS if pattern.match(text)), "")
