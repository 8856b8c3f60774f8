"""Venue clients: one account at one real venue, in our words.

    calls.py    one request, its urgency, what a failure means      asking/   ccxt, guarded
    market.py   trading rules of a symbol, exact numbers as text     streams/  sockets that may die
    account.py  balances, positions, what a key may do
    desk.py     the port: what every venue's desk can do (`VenueDesk`, `Conversation`)
    outcomes.py a failed request about an order, as a report         known.py  the venue's ids
    reading.py  an answer of another shape                           candles.py  bars that close
    universe.py which symbols are chosen     survey.py    the questions that it needs
    spot.py     what a desk of spot answers of leverage and funding
    trading.py  orders of the node to a desk, answers back as reports
    binance/ bybit/ okx/ kraken/ coinbase/   one folder a venue: words, requests, frames

May import: core, risk (the gate's approval), `venues.normalise`, `venues.books`. Invariants: every
request goes through the priority budget; a request that changes something is never sent twice by
itself; what is not definitely refused is `Unclear`; a frame that cannot be read ends its
connection, never its task; numbers are exact. Only `runtime.wiring` builds what can send. Adding
a venue is one folder, a row in `venues.py` and the contract suite. Start reading at `desk.py`.
"""
