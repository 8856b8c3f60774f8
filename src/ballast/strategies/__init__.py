"""Strategies: the language in which an idea is written down, and the library written in it.

Purpose: typed expressions, trade construction, the compiled plan; Python form and TOML/JSON form of
the same thing. May import: features, core. Invariants: cannot look ahead by construction, never
executes text, has a hash that survives printing. Start reading at `language.py`.
"""
