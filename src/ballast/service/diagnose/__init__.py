"""Diagnose: whether a running node, its journal and the venue say the same.

    views.py     one symbol's position and stops, from memory, from the journal, from the venue
    issues.py    what can be wrong, how bad it is, what to do (pure)
    session.py   five tasks beside a running node: watch, snapshot, look, compare, tell
    connection.py, health.py   what a session says of its venue and of its machine
    report.py    the JSON report and the summary
    scenario.py  a test position on a simulated venue, to see the diagnosis at work

Read-only: it takes no lease, sends no order, writes into no journal. Start at `session.py`.
"""
