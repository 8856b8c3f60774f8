"""Research: from a strategy and candles to a result people believe.

Purpose: backtest runs, sweeps, metrics, reports, run cards. May import: store, kernel and below.
Invariants: same inputs, same bytes; every number has a formula and an independent check.
Start reading at `run.py`.
"""
