"""Bybit v5: spot (`BYBIT`) and linear perpetuals (`BYBITLINEAR`) of a unified account.

    access.py     ACCESS, budgets, and ABILITIES of both markets
    codes.py      what each of the venue's codes means
    words.py      sides, kinds, times in force, states; what one market has that the other has not
    rules.py      instruments -> `Market`
    requests.py   our requests -> calls
    spoken.py     hosts, pings and lives of the sockets
    rows.py       orders and executions of the venue -> our reports
    account.py    wallet, positions, what a key may do
    questions.py  what is asked that is not about one order
    stops.py      the stops of a position (trading-stop)
    desk.py       `BybitSpot`, `BybitLinear`: the desks
    private.py    the private stream            public.py  market data

What is special here: an order is answered with its ids only, so each one is looked at once; a stop
is an order of its own with our id, reduce-only on perpetuals, and is amended in place; spot has no
trigger direction, so what waits for the wrong side is cancelled. Import rules: as `clients`. Start
at `desk.py`.
"""
