"""Venues: the outside world, normalised.

Purpose: downloads, parsers of messages, order books (later feeds and trade clients). May import:
core and below. Invariants: any bytes become events or a stated fault; every call is rate-limited
and bounded. Start at `normalise/parse.py`, `books/builder.py` and `download/series.py`.
"""
