"""Asking: calls become signed requests by ccxt, and answers or classified failures come back.

    wire.py    the ccxt class with our transport, our time and our reading of errors
    budget.py  who may ask now: by urgency, within every limit of the venue
    pools.py   one of its pools: what is spent, who waits, how it stands
    window.py  what is spent within a span of time
    clock.py   what the venue's clock is ahead of ours
    patience.py  which questions are asked again
    record.py  what became of all calls: counts, the last errors
    asker.py   `VenueAsker`: all of that around one call

Invariants: ccxt signs and names end points, and does nothing else: no retry, no limiter, no
classification, no parsing of its own. Start at `asker.py`.
"""
