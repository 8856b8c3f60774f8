"""Core: the words everything else is written in.

Purpose: time, money, bars, instruments, the records the compiled code works on, reasons, errors,
hashes, seeded randomness and the one door to compiled code. May import: nothing of Ballast.
Invariants: no I/O, no clock, no ambient randomness; prices and quantities that are traded are whole
ticks and lots. Start reading at `bars.py` and `records.py`.
"""
