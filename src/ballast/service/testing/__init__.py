"""Testing: what people who test their own bot take from Ballast. Start reading at `venue.py`.

from ballast.service.testing import simulated_exchange
"""

from ballast.service.testing.venue import ServedVenue, restored_exchange, simulated_exchange

__all__ = ["ServedVenue", "restored_exchange", "simulated_exchange"]
