"""Command line: the verbs of Ballast.

Purpose: read arguments, call the rooms below, show what came back. May import: everything below.
Invariants: `--help` loads no verb; an error of the user is one line on stderr and exit code 2;
results go to stdout, everything else to stderr; `--json` on every verb. Start reading at `main.py`.
"""
