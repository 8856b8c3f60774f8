"""OKX: the v5 protocol, REST and websocket, of spot and perpetual swaps on one host.

Purpose: decode as strictly as the venue does, call the engine, answer in its codes. Signing and
errors (`security`, `errors`), what is asked (`call`, `orders`, `algos`, `account`, `public`), what
is said (`words`, `algo_words`), streams (`socket`, `channels`, `book_feed`, `private`). Sizes of
swaps are contracts of `ctVal` each. May import: wire, engine, core, what the fronts share.
Invariants: never raise for what a client sent; what the venue refuses in a batch does not stop the
rest of it. Start reading at `front.py`.
"""
