"""Optimise: search a parameter space by what a combination earned out of sample.

Start at `study.py`: batches of combinations are proposed (`exhaustive`, `guided`), run fold by fold
(`folds`, `objective`, `pruning`), written into the trial ledger, and only then is the next batch
proposed. `results.py` says what came out: the table, the best, what luck alone would have given.
"""
