"""LTV: loans against collateral: how near each is to being called, now and in its history.

Purpose: levels of an alarm from loans (`levels.py`), figures of a recorded history (`history.py`).
May import: core. Invariants: a loan of which nobody knows the ratio is critical, not fine; of two
measures of one loan the worse counts. Start reading at `levels.py`.
"""
