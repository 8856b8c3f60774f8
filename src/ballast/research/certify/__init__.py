"""Certify: the whole battery on one strategy, and a signed yes or no.

Purpose: choose parameters on the past, prove them on what the choice has not seen, attack them,
stress them, discount them by every trial ever made, and write down what came of it. May import: the
other packages of `research`, `store`. Invariants: the same subject, seed and ledger give the same
certificate, byte for byte; a test that could not be made is no pass. Start reading at `battery.py`.
"""
