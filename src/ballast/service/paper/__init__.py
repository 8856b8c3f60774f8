"""Paper: a strategy on stored candles as if they came now, by the node that trades live.

Purpose: everything between the verb `ballast paper` and the node: the exchange that plays the
candles, the session, the journal, restarts, a person's commands, what is shown. May import:
research, runtime, venues, store and below. Invariants: the journal is the only memory; a session
that is killed goes on where its journal ends. Start reading at `opening.py`, then `running.py`.
"""
