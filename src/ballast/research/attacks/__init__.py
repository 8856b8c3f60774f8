"""Attacks: attempts to catch a strategy cheating, or fooling itself.

Purpose: cut the future off (`truncation`), ask twice (`state`), start later (`warmup`), shuffle the
returns (`shuffle`), act late (`delay`). May import: store and below, and `research.case`.
Invariants: a function of its arguments and a seed; values, no thresholds: `verdict` alone judges.
Start reading at `battery.py`.
"""
