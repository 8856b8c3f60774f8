"""Binance: the REST and stream protocols of spot, and what USD-M futures share with them.

Purpose: signing, error codes and words of Binance (`security`, `errors`), then spot (`spot`). The
payloads follow the published documents of 2026 and are held against three independent clients.
Start reading at `spot.py`.
"""
