"""Binance: spot (`BINANCE`) and USD-M perpetuals (`BINANCEUSDM`), as their documents say.

    access.py       budgets, headers, window           rules.py       exchangeInfo -> `Market`
    faults.py       codes -> verdicts and reasons      rows.py        what the venue sends, typed
    base.py         what both desks do alike           public.py      market data by REST
    paging.py       all rows since a time              talk.py        sockets, streams of a market
    spot.py         the desk of spot                   usdm.py        the desk of USD-M
    spot_words.py   requests, orders, fills            usdm_words.py  the same; conditional orders
    spot_stream.py  the user's events                  usdm_stream.py the user's events
    spot_pairs.py   cancel-replace, half by half       usdm_account.py  wallet, positions, settings
    loans.py        loans against coins                usdm_rows.py   what USD-M sends, typed

Invariants: a client id is sent under Binance's name for it with every order; an answer that cannot
be read is `Unclear`; a cancel that finds nothing is looked up; a conditional order and the order it
becomes are one order with one number. Start at `spot.py`.
"""
