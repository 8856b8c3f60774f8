"""Orders: an order's life from intent to terminal state.

Purpose: the room of the live engine's book of record; empty until that engine exists, and nothing
else may take its name. May import: strategies, risk, features, core. Invariants: a fill is applied
once; silence is a state, not an answer. Start reading at `kernel/match.py`, where the resting
orders of a backtest live.
"""
