"""Bybit: the v5 protocol of a unified account, spot and linear perpetuals on one host.

Purpose: signing (`security`), error codes (`errors`), what a request may say (`call`, `forms`),
what is printed (`words`, `order_words`), REST by subject, and three kinds of websocket (`streams`,
`private`, `trading`). A symbol is named by category and name: BTCUSDT is one of spot and one of
linear, and the engine lists them under names of its own. What the engine does not remember of an
order (how it was sent, what it cost, what it closed) is in `ledger`. Start reading at `unified.py`.
"""
