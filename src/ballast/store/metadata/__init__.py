"""Metadata: the instrument lists that exchanges publish, read into `core.instrument`.

Purpose: one parser a venue; exact decimals; every symbol that is left out comes with its reason.
May import: core, store. Start reading at `read.py`.
"""
