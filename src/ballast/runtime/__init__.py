"""Runtime: the node that trades.

Purpose: the live engine: the node that thinks (`node/`) and the shell that brings it events and
carries its effects out (`shell/`). May import: venues, store, kernel, oms and below. Invariants:
facts before acts; time is told, not read. Start reading at `node/node.py`.
"""
