"""Scenario StochRSI_SMA: base filter, and the close above its 200-bar mean (R-STRAT-04).

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_sma", __doc__, scenario="sma")
