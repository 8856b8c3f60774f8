"""A second simulator in plain Python, written from docs/engine.md, to compare the kernel with."""
