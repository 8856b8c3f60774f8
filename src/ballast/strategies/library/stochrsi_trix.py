"""Scenario StochRSI_TRIX: base filter, and TRIX(9) above its signal line (R-STRAT-06).

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_trix", __doc__, scenario="trix")
