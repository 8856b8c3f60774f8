"""How often does `certify` say yes to luck, and how often to an edge that is there?

    python bench/bench_certify.py                        # 600 markets of luck, 120 with an edge
    python bench/bench_certify.py --noise 60 --power 20  # a look
    python bench/bench_certify.py --costs                # luck with costs, as a venue has them

Each market is five years of hours. As the audited bot did, the best of 60 sets (four scenarios,
five pairs of averages, three timeframes) is picked by what it earned on all of the data; then it is
certified with 60 trials on record. *Picked* counts how often that best one had made money: what the
bot called a proof. Costs are off and the gate is off unless asked for, because costs alone refute
most luck and a kill switch ends it: what is measured here is the statistics.

The edge is a drift that lives some days; its size was set so that the picked set has a yearly
Sharpe ratio of about 2.5 on average. The table says what it had in fact.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ballast.core.bars import Bars
from ballast.core.certificate import Trials, Verdict
from ballast.core.settings import Settings
from ballast.core.time import Timeframe
from ballast.research.attacks import battery as attacking
from ballast.research.certify.battery import Effort, certify
from ballast.research.certify.subject import Subject
from ballast.research.evaluation import Evaluator
from ballast.research.metrics.significance import wilson_interval
from ballast.research.selection.trials import count_trials
from ballast.research.series import Series
from ballast.research.stress import battery as stressing
from ballast.research.sweep_row import METRICS
from ballast.research.synthetic import synthetic_market
from ballast.research.synthetic.noise import KINDS, NO_EDGE, Edge, noise_bars
from ballast.store.resample import resample
from ballast.strategies import catalog

SCENARIOS = ("stochrsi", "stochrsi_sma", "stochrsi_adx", "stochrsi_trix")
PAIRS = ((5, 20), (9, 21), (12, 26), (20, 50), (50, 200))
FRAMES = ("1h", "2h", "4h")
EDGE = Edge(10.0, 5.0)
LEVEL = 0.95
RETURN, SHARPE = METRICS.index("total_return"), METRICS.index("sharpe")


@dataclass(frozen=True, slots=True)
class Case:
    """One market of a study."""

    kind: str
    seed: int
    edge: Edge
    costs: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one market."""

    kind: str
    picked: bool
    sharpe: float
    passed: bool
    failed: tuple[str, ...]


def settings_of(*, costs: bool) -> Settings:
    """Return the settings of a study."""
    plain = Settings()
    if costs:
        return plain
    free = replace(plain.costs, maker=0.0, taker=0.0, slip_fraction=0.0, half_spread=0.0)
    open_gate = replace(plain.risk, enforce=False)
    return replace(plain, costs=free, risk=open_gate)


def real_bars(seed: int) -> Bars:
    """Return hours of Bitcoin where they lie beside the checkout, else made-up ones."""
    path = Path(__file__).parents[2] / "shared/data/candles/BINANCE-BTCUSDT-1h.parquet"
    if not path.exists():
        return synthetic_market(seed, ["BTCUSDT"]).bars[0]
    table = pq.read_table(path)
    names = ("open", "high", "low", "close", "volume")
    columns = {name: table[name].to_numpy() for name in names}
    return Bars.of("BINANCE", "BTCUSDT", Timeframe.parse("1h"), table["ts"].to_numpy(), columns)


def judge(case: Case) -> Said:
    """Pick the best of sixty on one market, and certify it."""
    settings = settings_of(costs=case.costs)
    source = real_bars(case.seed) if case.kind == "bootstrap" else None
    hours = noise_bars(case.kind, case.seed, source=source, edge=case.edge)
    best, streams, found = -np.inf, [], None
    combos = [{"ema1": float(fast), "ema2": float(slow)} for fast, slow in PAIRS]
    for frame in FRAMES:
        bars = hours if frame == "1h" else resample(hours, Timeframe.parse(frame)).bars
        series = (Series(bars),)
        for name in SCENARIOS:
            strategy = catalog.load(name)
            figures, daily = Evaluator(strategy, series, settings).evaluate(combos)
            streams.append(daily)
            row = int(np.argmax(figures[:, RETURN]))
            if figures[row, RETURN] > best:
                best = float(figures[row, RETURN])
                found = (strategy, series, combos[row], float(figures[row, SHARPE]))
    assert found is not None
    strategy, series, params, sharpe = found
    days = min(one.shape[1] for one in streams)
    independent = count_trials(np.vstack([one[:, :days] for one in streams]), seed=case.seed)
    trials = Trials(60, 60, independent.scaled(60), 0, 0, "")
    subject = Subject(strategy, series, settings, params=params, seed=case.seed)
    effort = Effort(
        attacking.Effort(cuts=4, starts=2, permutations=100),
        stressing.Effort(entry_seeds=100),
        stop_early=True,
    )
    said = certify(subject, effort=effort, trials=trials).certificate
    passed = said.verdict is Verdict.PASS
    gc.collect()  # evaluator and seat know each other; 40 MB of columns a market wait for it
    return Said(case.kind, best > 0.0, sharpe, passed, tuple(one.id for one in said.failed))


def study(title: str, cases: list[Case], jobs: int) -> list[Said]:
    """Judge all markets and print what came of them."""
    began = time.perf_counter()
    done: list[Said] = []
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(judge, case) for case in cases]
        for number, one in enumerate(as_completed(waiting), start=1):
            done.append(one.result())
            if number % 50 == 0:
                print(f"  {title}: {number} of {len(cases)}", flush=True)
    seconds = time.perf_counter() - began
    print(f"\n{title}: {len(done)} markets, {seconds:.0f} s")
    print(f"{'market':12s} {'n':>5s} {'picked':>8s} {'certified':>10s}   95 % interval")
    for kind in (*dict.fromkeys(one.kind for one in cases), "all"):
        some = [one for one in done if kind in {one.kind, "all"}]
        yes = sum(one.passed for one in some)
        picked = sum(one.picked for one in some) / len(some)
        interval = wilson_interval(yes, len(some), LEVEL)
        assert interval is not None
        print(
            f"{kind:12s} {len(some):5d} {picked:8.1%} {yes / len(some):10.1%}   "
            f"{interval.low:.1%} to {interval.high:.1%}"
        )
    print(f"mean Sharpe ratio of the picked set: {np.nanmean([one.sharpe for one in done]):.2f}")
    refused: dict[str, int] = {}
    for one in done:
        for name in one.failed:
            refused[name] = refused.get(name, 0) + 1
    told = sorted(refused.items(), key=lambda item: -item[1])[:12]
    print("first stage that refused:", ", ".join(f"{name} {count}" for name, count in told))
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", type=int, default=600, help="markets without an edge")
    parser.add_argument("--power", type=int, default=120, help="markets with one")
    parser.add_argument("--costs", action="store_true", help="keep costs and gate")
    parser.add_argument("--edge", type=float, default=EDGE.sharpe)
    parser.add_argument("--half-life", type=float, default=EDGE.half_life_days)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    seeds = range(chosen.first_seed, chosen.first_seed + max(chosen.noise, chosen.power))
    studies = {
        "luck": [
            Case(KINDS[k % len(KINDS)], seed, NO_EDGE, chosen.costs)
            for k, seed in enumerate(seeds[: chosen.noise])
        ],
        "edge": [
            Case(KINDS[k % len(KINDS)], seed, Edge(chosen.edge, chosen.half_life), chosen.costs)
            for k, seed in enumerate(seeds[: chosen.power])
        ],
    }
    results = {
        name: [
            {"kind": one.kind, "picked": one.picked, "sharpe": one.sharpe, "passed": one.passed,
             "failed": one.failed}
            for one in study(name, cases, chosen.jobs)
        ]
        for name, cases in studies.items()
        if cases
    }  # fmt: skip
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
