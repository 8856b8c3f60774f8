"""Scenario StochRSI, short side: the base filter mirrored (R-STRAT-18).

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_short", __doc__, short=True)
