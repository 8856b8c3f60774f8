"""Kraken spot: REST for orders and questions, websocket version 2 for news.

    access.py   how it is reached, what its errors mean, how stops may be moved
    names.py    XBT and BTC, XXBTZUSD, XBTUSD and BTC/USD: pairs and assets by all their names
    words.py    our requests as its calls
    rows.py     its orders and trades as our reports
    questions.py  rights, fees, balances, market data
    desk.py     the account: its orders and trades
    private.py  executions and balances     public.py  candles, best prices, trades, books

An order is known by our `cl_ord_id`, which is unique among open orders only: nothing here is sent
twice. An order that comes late is refused by its `deadline`. Fees are asked for in quote.
"""
