"""Kernel: the only place where a decision, a fill and a balance are made.

Purpose: the compiled step (signals row -> exits -> entries -> match -> book-keeping) and the loop
that drives it over arrays. May import: strategies, risk, features, core. Invariants: SEMANTICS,
rule by rule; whole ticks and lots; the equity identity at every bar. Start reading at `loop.py`.
"""
