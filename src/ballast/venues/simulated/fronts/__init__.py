"""Fronts: the venues' own protocols over the engine, one folder a venue.

Purpose: decode a client's request as strictly as the venue does, call the engine, answer in the
venue's words and codes. What all of them share is here: keys, strict parameters, exact numbers, the
public board. May import: wire, engine, core. Invariants: never raise for what a client sent; no
float in an answer; nothing reads a clock. Start reading at `wire/frontend.py`, then at a venue.
"""
