"""Report: one finished run as people and programs read it.

Purpose: terminal tables, JSON, CSV, and one self-contained HTML file. May import: core, metrics,
`research.result`. Invariants: pure (a result in, text out; no clock, no network, no file but its
own templates); the same result gives the same bytes; JSON numbers are finite. Start reading at
`document.py`, then `page.py`.
"""
