"""Kraken: the spot protocol, REST and websocket v2.

Purpose: decode as strictly as the venue does, call the engine, answer in its error lists. Names of
assets, pairs and transactions (`names`), signing (`security`), rate counters that decay
(`counters`), what is asked (`call`, `orders`, `trading`, `account`, `public`), what is said
(`words`, `encoding`), streams (`socket`, `feeds`, `private`, `entry`). May import: wire, engine,
core, what the fronts share. Invariants: never raise for what a client sent; numbers of streams are
JSON numbers with the decimals of their market, never floats. Start reading at `front.py`.
"""
