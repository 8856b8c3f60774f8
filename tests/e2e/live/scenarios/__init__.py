"""Scenarios: what happens to a trader, one function each; `test_scenarios.py` says where.

`link.py` is about the way to the venue, `orders.py` about what the venue does with orders,
`market.py` about what price and venue do to what is held.
"""
