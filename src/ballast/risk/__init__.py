"""Risk: how much, and whether at all.

Purpose: sizing, limits and caps as compiled predicates over one snapshot of the account. May
import: features, core. Invariants: a missing or stale input is a refusal; exits are never refused;
every refusal has one reason with the measured value and its limit. Start reading at `limits.py`.
"""
