"""Legacy: the JSON documents of the former Binance bot, checked whole and written as our own.

Purpose: what that bot kept (positions, best parameters, trades, portfolio) as strategy files,
tables and documents of a workspace. May import: core, strategies, store, the readers of `research`.
Invariants: nothing but JSON is read, and never a pickle; a document is known by its shape; every
problem of every file is named before anything is written; money stays `Decimal`, times are ms UTC;
nothing goes into a journal, for what a file says of a position is provisional until the venue says
the same (`ballast adopt`). Start reading at `importing.py`.
"""
