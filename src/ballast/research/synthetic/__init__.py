"""Synthetic markets: seeded candles with the habits of real ones, for demos and tests.

Purpose: regimes, clustered volatility, fat tails, correlated symbols, hours of the day, outages,
flash wicks, perpetuals with funding and mark. May import: core. Start reading at `market.py`.
"""

from ballast.research.synthetic.market import SyntheticMarket, synthetic_market
from ballast.research.synthetic.mood import Regime
from ballast.research.synthetic.style import SYMBOLS, Style

__all__ = ["SYMBOLS", "Regime", "Style", "SyntheticMarket", "synthetic_market"]
