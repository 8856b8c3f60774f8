"""Binance: spot (`BINANCE`) and USD-M perpetuals (`BINANCEUSDM`), as their documents say.

    access.py       hosts, budgets, headers            rules.py       exchangeInfo -> `Market`
    faults.py       codes -> verdicts and reasons      rows.py        what the venue sends, typed
    base.py         what both desks do alike           public.py      market data, REST and streams
    spot_words.py   spot: requests, orders, fills      spot.py        the desk
    spot_stream.py  the user's events                  spot_pairs.py  cancel-replace and OCO

Invariants: a client id is sent under Binance's name for it with every order; an answer that cannot
be read is `Unclear`; a cancel that finds nothing is looked up. Start at `spot.py`.
"""
