"""Scenario StochRSI: the base filter alone (R-STRAT-03).

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi", __doc__)
