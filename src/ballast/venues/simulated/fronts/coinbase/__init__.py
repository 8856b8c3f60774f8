"""Coinbase: Advanced Trade of spot, REST v3 brokerage and websocket, over the simulated engine.

Purpose: what a client of Coinbase sends and is told. Sans I/O: requests in, answers and frames out.
May import: core, the engine, the wire, `fronts` around it. Invariants: a request the venue would
refuse is refused in the venue's words; nothing here reads a clock or draws. Start reading at
`front.py`.
"""
