"""Keys: the keys of venue accounts, from the environment, a sealed file or the system's keyring.

Purpose: hand a session the keys of its account, and notice when they were changed. May import: core
and store. Invariants: a secret leaves this folder only as a `Secret`; nothing here prints one; the
sealed file is readable by its owner only, whole or not there. Start reading at `source.py`.
"""
