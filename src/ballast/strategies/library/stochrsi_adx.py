"""Scenario StochRSI_ADX: base filter, and ADX(14) above 25 (R-STRAT-05).

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_adx", __doc__, scenario="adx")
