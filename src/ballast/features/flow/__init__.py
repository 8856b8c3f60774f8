"""Flow: order-book and trade-flow features, and calibrated confidence.

May import: core. Empty rooms hold no code: this one is furnished with the order-book brain.
"""
