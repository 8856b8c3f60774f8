"""Doctor: what of this machine, this workspace and these accounts would keep Ballast from trading.

Purpose: look, say what is there, and what to do about it. May import: all below service, and keys.
Invariants: nothing is changed and nothing raised: a check that fails is a finding, and the next one
goes on. Start reading at `finding.py`; `machine.py`, `places.py` and `keys.py` hold the checks.
"""
