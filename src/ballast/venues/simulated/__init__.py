"""The simulated exchange: same matching code as the kernel, real wire formats, scripted faults.

May import: kernel, core. Furnished with the matching core and its front ends.
"""
