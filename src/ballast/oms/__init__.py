"""Orders: an order's life from intent to terminal state.

May import: strategies, risk, features, core. Furnished with the live engine; the backtest's resting
orders live in `kernel/match.py`.
"""
