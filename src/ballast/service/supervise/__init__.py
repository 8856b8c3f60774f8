"""Supervise: a parent process that keeps a trading process alive, within a budget of restarts.

    verdict.py     how a process ended, and what follows: again, later, or never (pure)
    history.py     when it was started again: a file that outlives the supervisor
    heart.py       the trading process's side: it beats into a pipe, and ends when nobody listens
    supervisor.py  starts it, listens, passes signals on, ends what hangs or has grown too large

It knows nothing of trading: it sends no order and reads no journal. What is held keeps its stops
at the venue meanwhile, and two processes on one account are kept apart by the journal's lease.
Start at `verdict.py`.
"""
