"""Binance: the REST and stream protocols of spot and of USD-M futures, and what they share.

Purpose: signing, error codes and words of Binance (`front`, `security`, `errors`), then spot
(`spot`) and futures (`usdm`). The payloads follow the published documents of 2026 and are held
against independent clients. Start reading at `spot.py` or `usdm.py`.
"""
