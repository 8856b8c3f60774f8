"""Server: the simulated venues on real sockets, over TLS with their real host names or in plain.

Purpose: carry requests and frames between aiohttp and the gateway in real or scaled time, a
throwaway certificate authority, a resolver for clients, the control interface, snapshots, and a
line to a real exchange's public streams. May import: wire, the engine, liquidity, `venues.books`,
core. Invariants: listens on loopback only; decides nothing. Start reading at `sockets.py`.
"""
