"""Importers: candles, trades and funding out of the files people have.

Purpose: recognise a format by its content, map it to bars, and account for every row that is not
taken over. May import: core, store. Invariants: a row is taken, merged with an equal one, or listed
as rejected with its number and reason; nothing is dropped, filled or guessed in silence.
Start reading at `read.py`.
"""
