"""The compiled order book: price-time priority in whole ticks and lots.

Purpose: the matching core of the simulated exchange, of paper trading and of event-driven tests.
May import: core. Invariants: the book is never crossed; within a price the order that came first
trades first; no order trades beyond its limit or size; nothing allocates. A book is one int64
array, so it is copied, stored and restored as bytes. Start reading at `layout.py`, then `book.py`.
"""
