"""Selection: what is left of a result once it is known how it was chosen.

Purpose: the best of many trials is the luckiest of many; these functions say how lucky. Deflated
Sharpe ratio, effective number of trials, probability of backtest overfitting, reality checks. May
import: core, `research.metrics`, `research.montecarlo`. Invariants: pure functions of arrays and a
seed; Sharpe ratios are per period unless their type says annual; kurtosis is raw; too little or
unfit data is a `UserError`, never a comfortable number. Every number has an independent check.
Start reading at `sharpe.py`; in plain words: docs/statistics.md.
"""
