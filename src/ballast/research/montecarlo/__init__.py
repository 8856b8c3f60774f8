"""Monte Carlo: other histories that could have happened, and how the result fares in them.

Purpose: stationary bootstrap of returns with intervals for the headline figures, fans, odds of a
drawdown and of ruin, trades shuffled and redrawn. May import: core, `research.metrics`. Invariants:
pure functions of arrays and a seed; memory is bounded by constants, not by the number of draws; a
draw resamples what happened and knows nothing of what did not. Start reading at `blocks.py`, then
`bootstrap.py`; in plain words: docs/statistics.md.
"""
