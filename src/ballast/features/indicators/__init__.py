"""Indicators: one family a file, registered by name; batch and one-by-one share their code.

May import: core. Invariants: leading NaN rows = declared warm-up; no look-ahead; equal to TA-Lib
where both define the same thing. Start reading at `registry.py`.
"""
