"""Library: one strategy a file, each with its golden result in the tests.

Start reading at `stochrsi.py`.
"""
