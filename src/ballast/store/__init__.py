"""Store: candles, funding, rules and fees on disk, and the judgement of their quality.

Purpose: Parquet files under a manifest, a memory-mapped cache, importers, checks. May import: core.
Invariants: atomic replace; a kill at any moment leaves a readable store; nothing is filled
silently. Start reading at `candles.py`.
"""
