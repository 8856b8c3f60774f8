"""Features: what can be known from market data up to now.

Purpose: indicators (`indicators/`) and order-flow measures (`flow/`), each with a declared warm-up.
May import: core. Invariants: causal (a value at bar i never changes when later bars arrive), batch
equals one-by-one, deterministic. Start reading at `indicators/registry.py`.
"""
