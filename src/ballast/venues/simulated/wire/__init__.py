"""Wire: what passes between a client and the simulated venue, without any socket.

Purpose: requests, frames, sessions, rate budgets, faults, and the gateway that joins front ends
with the engine. Sans I/O: two transports (memory in virtual time, sockets in `server`) drive the
same gateway, so the same seed and the same client actions give the same bytes. May import: core,
kernel, the engine. Invariants: every injected fault is logged; nothing here reads a clock. Start
reading at `gateway.py`.
"""
