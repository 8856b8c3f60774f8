"""The engine of the simulated exchange: one venue in memory, exact to the last atom.

Purpose: listings, accounts, orders of every kind, matching, margin, funding, liquidation, in
virtual time. May import: kernel, core. Invariants: same seed and calls give the same events; no
I/O, no clock; assets are conserved; what is locked is what open orders need. Start reading at
`exchange.py`, then `desk.py` and `matching.py`.
"""
