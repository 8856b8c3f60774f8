"""Protection: that a position is never without a stop that rests at the venue.

Purpose: what should rest there (`cover.py`), what to do so that it does (`guard.py`), when a take
rests with the stop on spot (`pairs.py`), the venue's own trailing stop (`trails.py`), and the
orders that are asked for (`requests.py`). Pure, and the same for every venue: how a venue lets a
stop be moved is in its `Abilities`. May import: oms, core.

Invariants (B1 to B9): one live stop, of the position's size, that only ever moves in its favour; a
new one before the old one goes, where two can be; never a stop that would trigger at once; what
cannot be protected is closed. Start reading at `cover.py`.
"""
