"""Streams: conversations carried by sockets that may die in silence.

Invariants: every frame goes into one queue before anybody waits for anything (ccxt loses updates
between two watch calls, exchanges.md 6.1); a frame that cannot be read ends its connection, which
is then made anew; silence is a fault; a connection ends by plan before the venue ends it.
"""
