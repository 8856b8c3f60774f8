"""Scenario StochRSI_TRIX, short side: base filter mirrored, and TRIX(9) below its signal line.

The whole definition is in `stochrsi_family.py`.
"""

from ballast.strategies.library.stochrsi_family import family

STRATEGY = family("stochrsi_trix_short", __doc__, scenario="trix", short=True)
