"""Shell: the hands of a node: events brought to it, effects carried out, in order.

Purpose: everything between a journalled node and one venue. Time is told to the shell, not read by
it, so the same shell runs in virtual time (simulation, parity, a paper session played fast) and
beside a clock. May import: runtime/node, venues, store and below. Invariants: nothing is carried
out that is not in the journal; an answer is handled after the step that asked. Start reading at
`shell.py`, then `paper.py`.
"""
