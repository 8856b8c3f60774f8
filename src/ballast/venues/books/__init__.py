"""Order books: built from what a venue sends, never trusted further than its sequence reaches.

    levels.py     one side as a sorted array, compiled       book.py     both sides, and questions
    rules.py      how each venue links its updates           checksum.py OKX's and Kraken's
    builder.py    EMPTY, BUFFERING, LIVE, GAP                capture.py  recorded frames to rows
    recording.py  files of recorded frames                   grids.py    steps found in a recording
    quality.py    what an import saw, counted

May import: core, `venues.normalise`. Invariants: a book is LIVE only while every change since its
snapshot is known to be in it; anything else is a GAP with its reason, and a GAP shows no levels;
prices and quantities are whole ticks and lots. Start at `builder.py`.
"""
