"""Scenario StochRSI_SMA, short side: base filter mirrored, and the close below its 200-bar mean.

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_sma_short", __doc__, scenario="sma", short=True)
