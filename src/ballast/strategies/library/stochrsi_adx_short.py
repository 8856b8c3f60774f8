"""Scenario StochRSI_ADX, short side: base filter mirrored, and ADX(14) above 25.

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_adx_short", __doc__, scenario="adx", short=True)
