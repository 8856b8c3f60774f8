"""Announce: how shocks that somebody announces come to a session (R-DATA-23).

Purpose: the sources that a session looks at again and again, a file (`file.py`) and a URL
(`url.py`), what tells the node of them (`watch.py`), and a person's own announcements out of the
inbox (`telling.py`). What an announcement is stands in `core/notices.py`, what it does in
`risk/halt/shocks.py`. May import: everything below. Invariants: what is no announcement is told and
ends nothing; a source that is not heard refuses entries. Start reading at `watch.py`.
"""
