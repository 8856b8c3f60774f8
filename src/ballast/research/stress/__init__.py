"""Stress: what is left of a result when the world is a little, or a lot, worse than it was.

Purpose: dearer trading (`costs`), other prices (`noise`), orders that are not filled (`missed`),
other first days (`shifts`), neighbouring numbers (`plateau`), entries by coin (`entries`), the
worst days on record (`windows`), more money (`capacity`). The battery adds the result by regime.
May import: store and below, `research.case`, `research.evaluation`. Invariants: a function of its
arguments and a seed; values, no thresholds. Start reading at `battery.py`.
"""
