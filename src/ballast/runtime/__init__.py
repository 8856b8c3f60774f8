"""Runtime: the node that trades. Furnished with the live engine.

May import: venues, store, kernel, oms and below.
"""
