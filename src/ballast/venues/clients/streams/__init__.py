"""Streams: conversations carried by sockets that may die in silence.

    carrier.py   one conversation kept going: heard in order, made anew, renewed without a gap
    line.py      one connection: reads, writes, watches for silence
    state.py     how a stream stands, as its owner is told

Invariants: every frame goes into one queue before anybody waits for anything (ccxt loses updates
between two watch calls, exchanges.md 6.1); a frame that cannot be read ends its connection, which
is then made anew; silence is a fault; a connection ends by plan before the venue ends it. Start at
`carrier.py`.
"""
