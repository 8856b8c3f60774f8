"""Degradation: telling when live trading has left what its certificate says.

Purpose: sequential tests of a stream of closed trades against certified expectations; pure, one
observation at a time, state that can be journalled. May import: core. Invariants: the chance of a
false alarm over a stated horizon is a parameter and is measured by a test; the same observations
give the same state; an alarm stays. Start reading at `watch.py`; in words: docs/statistics.md.
"""
