"""Node: the account's execution, as a pure function of its events.

Purpose: `handle(event) -> effects`: decisions through the gate, orders through their lives, stops
at the venue, halts; what is to be sent, asked and told, in order. It does no I/O, reads no clock
and draws nothing, so the journal of its events is its memory: replaying them gives the same state
and the same effects, byte for byte (`journalled.py`). May import: oms, kernel, risk, core.
Invariants: an entry leaves only with an approval of the gate; an order is in the book before it is
sent; nothing is sent again while nobody knows. Start reading at `node.py`.
"""
