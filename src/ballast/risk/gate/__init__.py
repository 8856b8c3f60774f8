"""Gate: the one place where an entry is approved, for paper and live alike.

Purpose: named checks over one snapshot (`facts.py`, `checks.py`), the verdict and the seal that a
trade client demands (`judge.py`), what is remembered of symbols (`memory.py`). The account's own
limits (caps, losses, cool-downs, confidence, sizes) are those of the kernel's steps, in every mode;
their verdict enters here as one of the facts. Here stands what only a live market has. Pure. May
import: halt, features, core. Invariants: it fails closed, so a missing input, an old one and a
defect of a check refuse (R-GATE-01); every check is asked, so every reason is told; exits never
come here (R-GATE-31). Start reading at `judge.py`.
"""
