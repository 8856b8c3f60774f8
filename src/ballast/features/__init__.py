"""Features: what can be known from market data up to now.

Purpose: indicators (`indicators/`), what a regime is (`regime/`), order-flow measures (`flow/`).
May import: core. Invariants: warm-up declared, causal (a value at bar i never changes when later
bars arrive), batch equals one-by-one, deterministic. Start reading at `indicators/registry.py`.
"""
