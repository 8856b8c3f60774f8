"""Fakes: small honest doubles that pass the same contracts as the real thing."""
