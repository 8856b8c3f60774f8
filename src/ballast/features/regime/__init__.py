"""Regimes: trend, range or high volatility, named from the past alone.

Purpose: what the labels mean (`labels.py`), the hidden Markov model behind the careful detector
(`markov.py`). The detectors themselves are indicators: `features/indicators/regimes.py`.
May import: core. Invariants: a label never changes when later bars arrive; no random start. Start
reading at `labels.py`.
"""
