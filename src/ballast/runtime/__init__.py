"""Runtime: the node that trades.

Purpose: the live engine. Its thinking half is there (`node/`); the shell that brings it events and
carries its effects out, start-up and supervision are not yet. May import: venues, store, kernel,
oms and below. Invariants: facts before acts; only `runtime/clock.py` will read a clock. Start
reading at `node/node.py`.
"""
