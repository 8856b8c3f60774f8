"""Downloads: candles, mark prices, funding and trading rules of any venue ccxt knows.

    run.py         many series at once, progress          client.py    ccxt behind our own limits
    series.py      one series: plan, fetch, look again    exchange.py  the ccxt class, hooked
    pages.py       one span in pages                      rows.py      an answer, validated
    plan.py        which spans are missing (pure)         budget.py    the weighted rate budget
    funding.py     funding rates                          retry.py     bounded, honours Retry-After
    instruments.py trading rules, exact                   names.py     venue names

May import: core. Invariants: only closed bars, by the venue's clock; every request passes the
budget and has a bounded number of attempts; a missing bar counts as absent only after the venue was
asked about it twice; what is stored is whole at every moment. Start reading at `series.py`.
"""
