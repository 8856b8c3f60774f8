"""The simulated exchange: one matching core, real wire formats, scripted faults.

May import: kernel, core. `engine/` is the exchange in memory and in virtual time; front ends speak
for it, sources of liquidity act on it, and neither is known to it.
"""
