"""Loans: where an account's loans are read from: a file a person or a script writes, or the venue.

Purpose: make a `LoanReport` of it, or say in one line what is wrong. May import: core, venues.
Invariants: a number that is missing is not known, never 0. Start reading at `file.py`.
"""
