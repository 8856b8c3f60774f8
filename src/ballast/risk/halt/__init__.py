"""Halt: what stops entries for the whole account, and what it takes to start again.

Purpose: the mode of the account (`modes.py`), the baselines that losses are measured from
(`baselines.py`), the breaker of a failing link (`breaker.py`), the detector of a runaway
(`runaway.py`), what the process needs of its machine (`health.py`), what somebody announced
(`shocks.py`). Pure: facts in, a state to be journalled out. May import: features, core. Invariants:
nothing automatic ever loosens (F1); baselines survive restarts and cash flows (F2); a missing
equity is the worst known one (R-RISK-27). Start reading at `modes.py`.
"""
