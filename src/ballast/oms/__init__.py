"""Orders: an order's life from intent to terminal state.

Purpose: the live engine's book of record: one record per client id, fills applied once, positions
derived from fills; what silence means and what may be sent again. Pure: facts in, records out; the
runtime sends, asks and journals. May import: strategies, risk, features, core. Invariants: a fill
is applied once; silence is a state, not an answer; what ended does not come back, except by the
venue's own word, and then it is said. Start reading at `record.py`, then `lifecycle.py`.
"""
