"""Service: the doors (command line, later API, dashboard, alerts).

May import: everything below. Invariants: user errors are one line and exit code 2; secrets are
never printed; thinking stays out of here. Start reading at `cli/main.py`.
"""
