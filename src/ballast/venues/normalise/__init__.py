"""Normalising: the bytes of a venue become market data events, or a stated fault of theirs.

    parse.py      the door: `normalise(venue, frame, grids)`
    exact.py      decimals as text to whole ticks, lots and nanoseconds
    scanner.py    level arrays, compiled
    binance.py    spot, USD-M, COIN-M          bybit.py        v5; the retired v2: bybit_old.py
    okx.py        v5; the retired v3 too       kraken.py       v1 and v2
    coinbase.py   Advanced Trade; Pro too      hyperliquid.py  deribit.py

May import: core. Invariants: pure functions; any bytes give events or a `TheirFault`, nothing else;
a message is taken whole or not at all; numbers are exact. Start at `parse.py`.
"""
