"""Random entry: coins, not opinions. What is left after costs is what luck and the exits are worth.

A long with probability `chance` on each bar, a short with the same, held for `hold` bars unless
stop or trail come first. The coins depend on bar time and seed alone (SplitMix64), so a run
repeats bit for bit and a longer history does not change what was drawn.
"""

from ballast.strategies import param, params, random, strategy

SHORTS = 1_000_000  # the short side's coins are those of another seed

p = params(
    seed=param(42, 0, 99_999, doc="which coins"),
    chance=param(0.02, 0.0, 1.0, step=0.01, doc="probability of an entry on a bar, for each side"),
    hold=param(24, 1, 10_000, doc="bars to hold"),
)

STRATEGY = strategy(
    "random_entry",
    params=p,
    enter_long=random(p.seed) < p.chance,
    enter_short=random(p.seed + SHORTS) < p.chance,
    exit_after_bars=p.hold,
    doc=__doc__,
    tag="random_entry",
)
