"""A client on a line that loses things: by seed, and the same again."""

from __future__ import annotations

from collections import Counter

from tests.fakes.venue import SPOT, limit, rich, venue

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Side
from ballast.core.reports import OrderReport, Unclear
from ballast.venues.simulated.lossy import LOST, UNANSWERED, LossyClient


def sent(seed: int, rate: float, count: int = 200) -> tuple[LossyClient, list[object]]:
    exchange = venue()
    client = LossyClient(exchange, rich(exchange), seed=seed, rate=rate)
    heard: list[object] = []
    for number in range(count):
        name = client_id(Purpose.EXIT, account="a", strategy="s", symbol=SPOT, decision=number)
        request = limit(Side.BUY, 1_000_000 + number, 10, client_id=name)
        heard.append(client.submit(request, Purpose.EXIT, None))
        client.cancel(SPOT, name)
    return client, heard


def test_an_honest_rate_of_nothing_loses_nothing() -> None:
    client, heard = sent(1, 0.0)
    assert not client.seen
    assert all(isinstance(one[0], OrderReport) for one in heard if isinstance(one, list))


def test_half_is_lost_half_is_carried_out_and_some_leave_no_word() -> None:
    client, heard = sent(1, 0.4)
    kinds = Counter(type(one[0]).__name__ if one else "silence" for one in heard)  # type: ignore[index]
    assert client.seen[LOST] > 40
    assert client.seen[UNANSWERED] > 40
    assert kinds["Unclear"] > 20
    assert kinds["silence"] > 20
    assert kinds["OrderReport"] > 80
    assert isinstance(next(one for one in heard if one and isinstance(one[0], Unclear))[0], Unclear)  # type: ignore[index]


def test_the_same_seed_meets_the_same_faults_and_another_does_not() -> None:
    assert sent(1, 0.3)[1] == sent(1, 0.3)[1]
    assert [len(one) for one in sent(1, 0.3)[1]] != [len(one) for one in sent(2, 0.3)[1]]  # type: ignore[arg-type]


def test_what_did_not_arrive_does_not_arrive_when_it_is_lived_again() -> None:
    client, _ = sent(3, 0.5, count=60)
    exchange = venue()
    again = LossyClient(exchange, rich(exchange), seed=3, rate=0.5)
    for number in range(60):
        name = client_id(Purpose.EXIT, account="a", strategy="s", symbol=SPOT, decision=number)
        again.again(limit(Side.BUY, 1_000_000 + number, 10, client_id=name))
        again.cancel(SPOT, name)
    assert again.open_orders() == client.open_orders()
