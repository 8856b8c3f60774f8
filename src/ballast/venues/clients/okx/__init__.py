"""OKX v5: spot (`OKX`) and linear perpetual swaps (`OKXSWAP`) of one account.

    access.py     ACCESS, budgets, abilities      codes.py      what each of the venue's codes means
    words.py      sides, kinds, states, reasons   rules.py      instruments -> `Market`
    requests.py   our requests -> calls           rows.py       orders and fills -> our reports
    account.py    balances, positions, grants     candles.py    bars by REST
    questions.py  rows, page by page              known.py      what need not be asked again
    orders.py     send, cancel, amend             looks.py      where an order may be found
    fills.py      own trades                      desk.py       what both desks share
    spot.py, swap.py  `OkxSpot`, `OkxSwap`        talk.py       what all sockets share
    private.py    orders, balances, positions     public.py     market data

What is special here: writes are answered with ids alone; a conditional order is an algo order with
an id of its own, and becomes an order with another one when it triggers: to us both are one, named
by our id and the id of the algo order. Quantities of swaps are contracts. May import: as `clients`.
Start at `desk.py`.
"""
