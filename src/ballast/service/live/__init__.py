"""Live: a strategy at a real venue: what must be true first, the session, and what it shows.

    opening.py   candles and rules of the venue, the node's rules, the session's capital
    first_compile.py   what a close runs in compiled form, by another process the first time
    period.py    how long a strategy was on paper, from the journals of the workspace
    running.py   the session from its journal until somebody stops it
    state.py     what it is, as plain values
    universe.py  symbols chosen by rules, and looked at again
    adopting.py  a position that the journal does not know is taken over

May import: everything below. Start at `running.py`.
"""
