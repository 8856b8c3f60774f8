"""The battery says no to luck, yes to an edge, and the same thing twice (R-WF-02, R-WF-06)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.subjects import LIGHT, SPACE, bars_of, certified, settings, subject

from ballast.core.certificate import Trials, Verdict
from ballast.core.errors import UserError
from ballast.core.time import DAY_MS
from ballast.research.certify.battery import STAGES, certify
from ballast.research.certify.subject import Subject
from ballast.research.series import Series
from ballast.store.certificates import Signer, certificate_text
from ballast.store.trials import TrialLedger
from ballast.strategies import catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def failed(found: Any) -> set[str]:
    return {one.id for one in found.certificate.failed}


def test_luck_is_refused_and_an_edge_is_certified() -> None:
    luck, edge = certified(), certified(strong=True)
    assert luck.certificate.verdict is Verdict.FAIL
    assert {"deflated_sharpe", "reality_check"} <= failed(luck)
    assert edge.certificate.verdict is Verdict.PASS, failed(edge)
    assert edge.findings.probability is not None
    assert edge.findings.probability > 0.999


def test_the_same_subject_gives_the_same_bytes(tmp_path: Path) -> None:
    """Seeds are part of a certificate; a ledger that has seen the trials before changes nothing."""
    signer = Signer.own(tmp_path / "keys")
    texts = []
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite") as ledger:
        for _ in range(2):
            found = certify(subject(), ledger, effort=LIGHT)
            texts.append(certificate_text(found.certificate, signer))
            assert ledger.count() == 4
        other = certify(subject(settings=settings(), seed=4), ledger, effort=LIGHT)
    assert texts[0] == texts[1] != certificate_text(other.certificate, signer)


def test_parameters_are_chosen_without_the_held_out_end() -> None:
    """The last bars could not have moved the choice: another end gives the same one."""
    bars = bars_of()
    known = int(0.7 * len(bars))
    other = bars_of(9)
    ratio = bars.close[known - 1] / other.open[known]
    columns = {}
    for name in ("open", "high", "low", "close"):
        columns[name] = np.concatenate(
            [getattr(bars, name)[:known], np.round(getattr(other, name)[known:] * ratio, 2)]
        )
    columns["volume"] = bars.volume
    joined = bars.of(bars.venue, bars.symbol, bars.timeframe, bars.ts, columns)
    base = subject()
    changed = replace(base, group=(Series(joined, base.group[0].instrument),))
    one, two = certified(), certify(changed, effort=LIGHT)
    assert one.certificate.params == two.certificate.params
    assert one.findings.in_sample == two.findings.in_sample
    assert one.findings.holdout != two.findings.holdout


def test_every_trial_of_the_market_counts_whatever_the_idea(tmp_path: Path) -> None:
    """R-WF-06: the best of many families is as lucky as the best of many parameters."""
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite") as ledger:
        other = Subject(
            catalog.load("momentum"), subject().group, settings(), space={"threshold": (0.02, 0.03)}
        )
        first = certify(other, ledger, effort=replace(LIGHT, stop_early=True))
        second = certify(subject(), ledger, effort=replace(LIGHT, stop_early=True))
    assert first.certificate.trials.count == 2
    assert second.certificate.trials.count == 6
    assert second.certificate.trials.family == 4
    assert second.certificate.trials.independent > first.certificate.trials.independent


def test_an_emptied_ledger_shows_in_the_next_certificate(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "trials.sqlite"
    with TrialLedger(path) as ledger:
        certify(subject(), ledger, effort=replace(LIGHT, stop_early=True))
    for file in path.parent.glob("trials.sqlite*"):
        file.unlink()
    with TrialLedger(path) as ledger:
        found = certify(subject(), ledger, effort=replace(LIGHT, stop_early=True))
    trials = found.certificate.trials
    assert trials.gaps or trials.count > 4
    assert "ledger" in failed(found) or trials.count > 4


def test_trials_of_an_earlier_certificate_can_be_taken_over() -> None:
    told = Trials(5_000, 60, 900.0, 7, 5_000, "ab" * 16)
    found = certify(subject(strong=True), effort=LIGHT, trials=told)
    assert found.certificate.trials == told
    deflated = found.findings.deflated
    before = certified(strong=True).findings.deflated
    assert deflated is not None
    assert before is not None
    assert deflated.lucky > before.lucky


def test_given_parameters_are_judged_as_they_are() -> None:
    found = certify(
        subject(strong=True, space={}, params={"fast": 9.0, "slow": 30.0}), effort=LIGHT
    )
    checks = {one.id: one for one in found.certificate.checks}
    assert found.certificate.params["fast"] == 9.0
    assert checks["overfitting"].verdict is Verdict.SKIPPED
    assert found.findings.combinations == 1


def test_limits_end_a_time_after_the_data_and_where_impact_takes_half() -> None:
    certificate = certified(strong=True).certificate
    asked = settings().certify
    assert certificate.limits.expires_ms == certificate.to_ms + asked.expiry_days * DAY_MS
    assert certificate.limits.capital_max >= settings().engine.initial_cash
    assert certificate.limits.symbols == ("NOISEUSDT",)
    assert certificate.expectation is not None
    assert certificate.expectation.trades > 30


def test_stages_are_told_and_a_study_may_stop_at_the_first_no() -> None:
    told: list[str] = []
    certify(subject(), effort=replace(LIGHT, stop_early=True), step=told.append)
    assert told == list(STAGES)[: len(told)]
    assert len(told) < len(STAGES)


def flat(n: int = 9_000) -> Series:
    bars = bars_of()
    columns = {name: np.full(n, 100.0) for name in ("open", "high", "low", "close", "volume")}
    return Series(bars.of("X", "FLATUSDT", bars.timeframe, bars.ts[:n], columns))


def broken() -> Series:
    bars = bars_of()
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    columns["close"][500] = np.nan
    columns["volume"] = bars.volume
    return Series(
        bars.of("X", "NANUSDT", bars.timeframe, bars.ts, columns), subject().group[0].rules
    )


def short() -> Subject:
    made = subject()
    return replace(made, group=(Series(made.group[0].bars.slice(0, 1_000)),))


def idle() -> Subject:
    """Sizes under the smallest lot: every entry is refused."""
    made = subject(space={}, params={"fast": 9.0, "slow": 30.0})
    tiny = replace(made.settings.sizing, mode="fixed_qty", fixed_qty=1e-9)
    return replace(made, settings=replace(made.settings, sizing=tiny))


WIDE = {"fast": tuple(map(float, range(2, 90))), "slow": tuple(map(float, range(3, 90)))}
BAD: list[tuple[Callable[[], Subject], str]] = [
    (short, "days of data"),
    (lambda: subject(space={"fast": (50.0,), "slow": (20.0,)}), "keeps the strategy's rules"),
    (lambda: subject(space=WIDE), "combinations to certify"),
    (lambda: subject(params={"fast": 9.0}), "has a value and a range"),
    (lambda: replace(subject(), group=(flat(),)), "never changes"),
    (lambda: replace(subject(), group=(broken(),)), "no prices"),
    (idle, "trade"),
]


@pytest.mark.parametrize(("make", "words"), BAD)
def test_what_cannot_be_judged_is_refused_in_one_line(
    make: Callable[[], Subject], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        certify(make(), effort=LIGHT)
    assert words in caught.value.line()
    assert "\n" not in caught.value.line()


def test_the_space_is_part_of_the_certificate() -> None:
    assert certified().certificate.space == SPACE
