"""Shell: what brings events to a node and carries its effects out, in virtual or in real time.

    shell.py    one node, one venue          paper.py    the simulated exchange, in virtual time
    feeds.py    bars of a recording          relive.py   that exchange, made again from the journal
    live.py     a real venue, in real time   asking.py   what it is asked, and how it is told
    closing.py  one final bar a close        venue_facts.py, bare.py   what is known, and measured
    health.py   what the process needs of its machine, measured by machine.py
    barbook.py  what stream and venue told of each bar, and where they differ

May import: the node, venues, store. Invariants: effects follow the journal; nothing here decides.
Start at `shell.py`, then `paper.py` or `live.py`.
"""
