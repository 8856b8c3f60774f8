"""Runtime: the node that trades.

Purpose: the room of the live engine; empty until that engine exists. May import: venues, store,
kernel, oms and below. Invariants: facts before acts; only `runtime/clock.py` reads a clock. Start
reading at `kernel/loop.py`, which drives the same steps over arrays.
"""
