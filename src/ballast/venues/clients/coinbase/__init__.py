"""Coinbase Advanced Trade, spot: REST version 3 for everything, a websocket for what changes.

    access.py     how it is reached, what its refusals mean, how stops may be moved
    products.py   products as markets
    words.py      our requests as its calls
    rows.py       its orders and fills as our reports
    questions.py  rights, fees, balances, market data
    desk.py       the account: its orders and fills
    private.py    what becomes of orders     public.py  candles, best prices, trades, books

What it cannot do, and nothing here makes up: stops at market (a stop-limit at a worse price stands
for them), stops moved in place (a new one after a cancel), a question by our id (orders are listed
and searched), fills and balances on the stream (REST is asked), candles on the stream but of five
minutes. An id of ours names one order for ever: sent again it creates nothing.
"""
