"""Ballast: one strategy, from idea to proof to paper to live, on one engine, behind one gate.

The rooms, from the doors down (each may import only what stands below it):

  service > runtime | research > venues | store > kernel | oms > strategies | risk > features > core

Start reading in `core` (the words), then `kernel` (what a decision and a fill mean), then
`research.run` (one backtest from the first line to the last).
"""

__version__ = "0.1.0"
