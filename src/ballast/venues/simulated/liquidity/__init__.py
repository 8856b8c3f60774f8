"""Liquidity: markets that make themselves, for the street of a simulated venue.

Purpose: sources that the exchange steps in its own time: seeded agents (`synthetic.py`) and what
happens to them (`scripts.py`), candles played again (`candles.py`), recorded depth and trades
played again (`books.py`), and those of an exchange as they come (`live.py`). May import: the
engine, core. Invariants: no I/O and no clock; equal seed and state act equally; a snapshot and its
restore go on as if nothing had happened, but for a live book, which has gone on meanwhile.
"""
