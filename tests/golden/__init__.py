"""Golden results: what every strategy of the library did on fixed data, to the fill.

`python -m tests.golden` writes them anew (the real ones only beside `../shared/data`). Do that only
for a change that is meant to change results, and say in the commit what moved and why.
"""
