"""Many series of one venue at once, under its one budget, with progress and an end in sight."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.download.client import MARK_SUFFIX, ListingCandles
from ballast.venues.download.series import SeriesDownload, SeriesKey, SeriesReport
from ballast.venues.errors import VenueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.ports import CandleSink, Clock, HoleBook
    from ballast.core.time import Timeframe
    from ballast.venues.download.client import Listing, VenueClient
    from ballast.venues.download.series import Wanted

DEFAULT_WORKERS = 4
"""Series at once: enough to hide a round trip of 200 ms, few enough to be polite."""


@dataclass(frozen=True, slots=True)
class Job:
    """One series to fetch."""

    listing: Listing
    timeframe: Timeframe
    mark: bool = False

    @property
    def symbol(self) -> str:
        """Return the name in the store: a mark price series carries a suffix."""
        return self.listing.symbol + (MARK_SUFFIX if self.mark else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job ended. `problem` is empty when it is complete."""

    report: SeriesReport
    rejected: int
    reason: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all jobs together are. `eta_s` is None until there is something to go by."""

    series: int
    series_done: int
    bars_planned: int
    bars_done: int
    bars_stored: int
    requests: int
    eta_s: float | None


@dataclass(slots=True)
class Desk:
    """What a download works with."""

    client: VenueClient
    sink: CandleSink
    book: HoleBook
    clock: Clock
    workers: int = DEFAULT_WORKERS
    on_progress: Callable[[Progress], None] = lambda _: None


@dataclass(slots=True)
class _Tally:
    """The running sum over all series, and the estimate of the time left."""

    desk: Desk
    jobs: int
    began_s: float
    reports: dict[SeriesKey, SeriesReport] = field(default_factory=dict)
    ended: int = 0

    def step(self, report: SeriesReport) -> None:
        self.reports[report.key] = report
        self.publish()

    def publish(self) -> None:
        planned = sum(report.planned for report in self.reports.values())
        done = sum(min(report.done, report.planned) for report in self.reports.values())
        elapsed_s = self.desk.clock.monotonic() - self.began_s
        # Series that have not begun are taken to be as long as the average of those that have.
        expected = planned * self.jobs / max(1, len(self.reports))
        eta_s = elapsed_s * (expected - done) / done if done else None
        stored = sum(report.stored for report in self.reports.values())
        requests = self.desk.client.patience.budget.requests
        self.desk.on_progress(
            Progress(self.jobs, self.ended, planned, done, stored, requests, eta_s)
        )


async def download(
    desk: Desk, jobs: Sequence[Job], wanted: Wanted, *, now_ms: int
) -> list[Outcome]:
    """Run all jobs, at most `desk.workers` at once; outcomes in the order of the jobs.

    A venue that does not answer ends the job it happened in and every one not yet begun; a failure
    of ours (a full disk) ends all and is raised.
    """
    tally = _Tally(desk, len(jobs), desk.clock.monotonic())
    outcomes: dict[int, Outcome] = {}
    queue = list(enumerate(jobs))
    queue.reverse()
    given_up: list[str] = []

    async def work() -> None:
        while queue:
            place, job = queue.pop()
            outcomes[place] = await _one(desk, job, wanted, now_ms, tally, given_up)
            tally.ended += 1
            tally.publish()

    tasks = [asyncio.ensure_future(work()) for _ in range(min(desk.workers, len(jobs)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [outcomes[place] for place in range(len(jobs))]


async def _one(
    desk: Desk, job: Job, wanted: Wanted, now_ms: int, tally: _Tally, given_up: list[str]
) -> Outcome:
    key = SeriesKey(desk.client.venue.name, job.symbol, job.timeframe)
    if given_up:
        return Outcome(SeriesReport(key), 0, "", f"not begun: {given_up[0]}")
    source = ListingCandles(desk.client, job.listing, job.timeframe, mark=job.mark)
    page_bars = desk.client.page_bars(job.listing, mark=job.mark)
    latest = SeriesReport(key)

    def on_step(report: SeriesReport) -> None:
        nonlocal latest
        latest = report
        tally.step(report)

    one = SeriesDownload(key, source, page_bars, desk.sink, desk.book, on_step)
    try:
        latest = await one.run(wanted, now_ms=now_ms, listed_ms=job.listing.listed_ms)
    except VenueUnavailableError as error:
        given_up.append(error.line())
        return Outcome(latest, source.rejected, source.reason, error.line())
    return Outcome(latest, source.rejected, source.reason)
