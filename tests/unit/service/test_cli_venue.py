"""`ballast venue serve`: what it says, what it refuses (R-EXCH-16; issue points 2 and 6)."""

from __future__ import annotations

import socket
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import frames
from tests.fakes.shell import ballast, csv_rows, tree, write_csv

from ballast.core.errors import InternalError
from ballast.core.instrument import Kind
from ballast.service.cli import venue_market, venue_open, venue_screen, venue_symbols
from ballast.service.cli.venue_fronts import FRONTS, PERPETUAL, SPOT, Front, Offer
from ballast.venues.simulated.engine.profile import VenueProfile
from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
from ballast.venues.simulated.liquidity.candles import CandleReplay
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents
from ballast.venues.simulated.server.snapshot import Recipe, unpacked

if TYPE_CHECKING:
    from pathlib import Path

SERVE = ("venue", "serve", "--duration", "0.2")
SECOND_NS = 1_000_000_000


BOTH = Front(
    BinanceSpot,
    {
        Kind.SPOT: SPOT,
        Kind.PERPETUAL: Offer(
            "{base}-{quote}-SWAP",
            PERPETUAL.tick,
            Decimal(1),
            Decimal("0.01"),
            tiers=PERPETUAL.tiers,
        ),
    },
    VenueProfile(),
)
"""A venue of spot and perpetual on one host; contracts of 0.01."""


def plan(front: Front, market: str = "synthetic") -> venue_market.Plan:
    return venue_market.plan_of(
        market, offers=front.offers, symbol="BTCUSDT", tick=None, lot=None, seed=7, period=None
    )


def opened(front: Front = FRONTS["binance"], **more: Any) -> venue_open.OpenVenue:
    return venue_open.open_venue(front, plan(front), balances=[], seed=7, speed=60.0, **more)


def test_a_venue_says_where_it_is_and_ends(tmp_path: Path) -> None:
    done = ballast(tmp_path, *SERVE, "--market", "synthetic:seed=7", "--speed", "60", "--json")
    assert done.out.count("\n") == 1
    said = done.json()
    assert said["port"] != said["plain_port"]
    assert said["plain_url"] == f"http://127.0.0.1:{said['plain_port']}"
    assert said["balances"] == {"BTC": "1.66670000", "USDT": "100000.00000000"}
    assert (len(said["api_key"]), len(said["api_secret"])) == (64, 64)
    assert "api.binance.com" in said["hosts"]
    pem = (tmp_path / "simulated-ca.pem").read_text()
    assert pem.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in pem
    again = ballast(tmp_path, *SERVE, "--json").json()
    assert again["api_key"] == said["api_key"]
    assert ballast(tmp_path, *SERVE, "--seed", "1", "--json").json()["api_key"] != said["api_key"]


def test_people_get_a_table_and_a_note(tmp_path: Path) -> None:
    done = ballast(tmp_path, *SERVE, "--balance", "USDT=500", "--balance", "BTC=0.5")
    assert done.code == 0
    assert "api_secret" in done.out
    assert "500.00000000" in done.out
    assert "a simulation" in done.err


def test_a_private_key_is_printed_whole(tmp_path: Path) -> None:
    asked = (*SERVE, "--exchange", "coinbase", "--symbol", "BTC-USD")
    secret = ballast(tmp_path, *asked, "--json").json()["api_secret"]
    assert secret.count("\n") > 3
    assert secret in ballast(tmp_path, *asked).out


def test_stored_candles_are_played_again(tmp_path: Path) -> None:
    """R-EXCH-16: the tick is that of the data, or the mistake is one line."""
    write_csv(tmp_path / "BTCUSDT_1h.csv", csv_rows(50))
    stored = ("data", "import", "BTCUSDT_1h.csv", "--venue", "binance", "--symbol", "BTCUSDT")
    assert ballast(tmp_path, *stored, "-t", "1h").code == 0
    candles = ("--market", "candles:BINANCE-BTCUSDT-1h")
    said = ballast(tmp_path, *SERVE, *candles, "--json").json()
    assert said["market"] == "candles BINANCE-BTCUSDT-1h, 50 bars"
    some = ballast(tmp_path, *SERVE, *candles, "--period", "..1990-01-01").mistake()
    assert "0 candles to replay" in some
    even = ballast(tmp_path, *SERVE, "--market", "candles:BINANCE-BTCUSDT-1h,impact=0", "--json")
    assert even.json()["market"] == said["market"]
    for wrong in ("impact=-1", "impact=eleven", "depth=1"):
        line = ballast(tmp_path, *SERVE, "--market", f"candles:BTCUSDT,{wrong}").mistake()
        assert f"'{wrong}'" in line
    coarse = ballast(tmp_path, *SERVE, *candles, "--tick", "7").mistake()
    assert "is no multiple of the tick 7" in coarse
    none = ballast(tmp_path, *SERVE, "--market", "candles:BINANCE-NONE-1h").mistake()
    assert "NONE" in none


def test_stored_bars_keep_their_place_on_the_clock(tmp_path: Path) -> None:
    write_csv(tmp_path / "BTCUSDT_1h.csv", csv_rows(3))
    stored = ("data", "import", "BTCUSDT_1h.csv", "--venue", "binance", "--symbol", "BTCUSDT")
    assert ballast(tmp_path, *stored, "-t", "1h").code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        found = plan(FRONTS["binance"], "candles:BTCUSDT")
    hour_ns = 3_600 * SECOND_NS
    began_ns = 500_000 * hour_ns
    source = found.markets[0].source(began_ns + hour_ns // 3)
    assert isinstance(source, CandleReplay)
    assert source.next_ns(0) == began_ns


def test_a_stored_recording_is_played_again_minute_for_minute(tmp_path: Path) -> None:
    """R-DATA-25, R-EXCH-16: from recorded frames to a venue's book, on the recording's steps."""
    minute_ns, start_ns = frames.MINUTE_NS, frames.START_NS
    half = minute_ns // 2
    frames.write(
        tmp_path / "x.txt",
        [
            (start_ns, frames.snapshot(4)),
            (start_ns + half, frames.trade(1, "100.5", "1.0", start_ns + half)),
            (start_ns + half + 1, frames.depth(5, asks=[["100.5", "2.5"]])),
        ],
    )
    stored = ("data", "books", "import", "x.txt", "--venue", "binance", "--symbol", "XYZ")
    assert ballast(tmp_path, *stored).code == 0
    market = ("--market", "book:BINANCE-XYZ,cancels=front")
    said = ballast(tmp_path, *SERVE, *market, "--json").json()
    assert said["market"] == "recorded book BINANCE-XYZ, from 2023-11-15 00:00"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        desk = venue_open.open_venue(
            FRONTS["binance"], plan(FRONTS["binance"], "book:xyz"), balances=[], seed=7, speed=1.0
        )
        began_ns = desk.exchange.now_ns - desk.exchange.now_ns % minute_ns
        desk.gateway.advance(began_ns + minute_ns)
    listing = desk.plan.listing
    assert (listing.tick, listing.lot) == (Decimal("0.1"), Decimal("0.1"))
    assert desk.exchange.book("BTCUSDT").asks == ((1005, 25),)
    assert desk.exchange.last_ticks("BTCUSDT") == 1005
    assert dict(venue_screen.rows_of(desk))["market"].startswith("the recording is over")
    steps = ballast(tmp_path, *SERVE, *market, "--tick", "0.01").mistake()
    assert "a recording has its own steps" in steps
    wrong = ballast(tmp_path, *SERVE, "--market", "book:XYZ,cancels=frunt").mistake()
    assert "did you mean 'front'?" in wrong
    never = ballast(tmp_path, *SERVE, *market, "--period", "..1990-01-01").mistake()
    assert "nothing is recorded in this period" in never


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--exchange", "binanse"), "unknown exchange 'binanse'"),
        (("--market", "sinthetic"), "did you mean 'synthetic'?"),
        (("--market", "synthetic:sead=3"), "did you mean 'seed'?"),
        (("--market", "synthetic:seed=x"), "expected a whole number"),
        (("--market", "synthetic:price=0"), "expected a number above 0"),
        (("--market", "synthetic:price=nan"), "expected a number above 0"),
        (("--market", "synthetic:price=1e9"), "take a coarser --tick"),
        (("--market", "synthetic:price=0.5"), "take a finer tick"),
        (("--market", "synthetic:volatility=20"), "at most 10"),
        (("--market", "candles:BINANCE-NONE-1h"), "no data for the venue"),
        (("--market", "book:BINANCE-NONE"), "NONE"),
        (("--period", "2020..2021"), "no period"),
        (("--script", "flash_crush@+1m"), "did you mean 'flash_crash'?"),
        (("--script", "flash_crash"), "such as flash_crash@+10m"),
        (("--script", "flash_crash@+soon"), "soon"),
        (("--past", "1001h"), "at most 1000h"),
        (("--past", "soon"), "soon"),
        (("--symbol", "BTC"), "'BTC' is no pair"),
        (("--symbol", "btcusdt"), "'btcusdt' is no pair"),
        (("-s", "BTCUSDT", "-s", "BTC-USDT"), "BTCUSDT is there twice"),
        (("-s", "BTCUSDT", "-s", "ETH"), "'ETH' is no pair"),
        (("-s", "BTCUSDT", "-s", "ETHUSDC"), "symbols in USDC and USDT"),
        (("-s", "BTCUSDT", "-s", "ETHUSDT", "--market", "candles:X"), "candles has one pair"),
        (("-s", "BTCUSDT", "-s", "ETHUSDT", "--market", "live:okx"), "live has one pair"),
        (("-s", "BTCUSDT", "-s", "ETHUSDT", "--market", "liv"), "did you mean 'live'?"),
        (tuple(f"-sX{one}USDT" for one in range(51)), "51 symbols"),
        (("--market", "synthetic:ETHUSDT=3000"), "unknown setting 'ETHUSDT'"),
        (("-s", "ETHUSDT", "--market", "synthetic:ETHUSDT=0"), "--market ETHUSDT"),
        (("--speed", "0"), "speed 0"),
        (("--speed", "nan"), "speed nan"),
        (("--speed", "1e9"), "at most 100000"),
        (("--port", "70000"), "port 70000"),
        (("--plain-port", "-1"), "--plain-port: port -1"),
        (("--control-port", "65536"), "--control-port: port 65536"),
        (("--duration", "nan"), "nan s"),
        (("--balance", "DOGE=1"), "expected USDT=1000"),
        (("--balance", "USDT=-1"), "'USDT=-1'"),
        (("--tick", "0"), "expected a number above 0"),
        (("--lot", "x"), "'x'"),
    ],
)
def test_mistakes_are_one_line_and_open_nothing(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in ballast(tmp_path, *SERVE, *arguments).mistake()
    assert tree(tmp_path) == {}


def test_several_symbols_are_listed_beside_each_other(tmp_path: Path) -> None:
    """Each in the venue's spelling, at a price of its own, out of one account."""
    both = ("--exchange", "okx", "-s", "BTCUSDT", "-s", "ETHUSDT")
    said = ballast(tmp_path, *SERVE, *both, "--market", "synthetic:seed=7,ETHUSDT=3000", "--json")
    told = said.json()
    assert told["symbols"] == ["BTC-USDT", "BTC-USDT-SWAP", "ETH-USDT", "ETH-USDT-SWAP"]
    assert told["symbol"] == "BTC-USDT"
    assert "BTCUSDT: synthetic, seed 7, price 60000" in told["market"]
    assert "ETHUSDT: synthetic, seed 7, price 3000" in told["market"]
    held = {asset: Decimal(amount) for asset, amount in told["balances"].items()}
    assert held == {"BTC": Decimal("1.6667"), "ETH": Decimal("33.3333"), "USDT": Decimal(100_000)}
    funded = ballast(tmp_path, *SERVE, *both, "--balance", "ETH=2", "--json").json()["balances"]
    assert {asset for asset, amount in funded.items() if Decimal(amount)} == {"ETH"}


def test_agents_of_several_symbols_do_not_disturb_each_other() -> None:
    """A symbol's market is the same whether it is alone or has others beside it."""
    recipe = Recipe("binance", "synthetic:seed=7,ETHUSDT=3000", "BTCUSDT", 7, also=("ETHUSDT",))
    two = venue_open.open_venue(
        FRONTS["binance"], venue_symbols.plan_of(recipe), balances=[], seed=7, speed=1.0,
        recipe=recipe,
    )  # fmt: skip
    two.gateway.advance(two.started_ns + 30 * SECOND_NS)
    rows = dict(venue_screen.rows_of(two))
    assert 2_900 < float(rows["ETHUSDT"]) < 3_100
    assert 59_000 < float(rows["last"]) < 61_000
    assert two.exchange.last_ticks("ETHUSDT") * 20 != two.exchange.last_ticks("BTCUSDT")
    kept = unpacked(two.snapshot(), "here")
    again = venue_open.reopen_venue(kept, speed=1.0, catches_up=False)
    for one in (two, again):
        one.gateway.advance(two.started_ns + 60 * SECOND_NS)
    assert again.snapshot() == two.snapshot()


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for name in ("--port", "--plain-port", "--control-port"):
            said = ballast(tmp_path, *SERVE, name, port).mistake()
            assert f"port {port} cannot be opened" in said
    assert tree(tmp_path) == {}


def test_the_screen_shows_price_orders_streams_and_faults() -> None:
    desk = opened()
    desk.gateway.advance(desk.started_ns + SECOND_NS)
    rows = dict(venue_screen.rows_of(desk))
    bid, ask = (float(text) for text in rows["bid / ask"].split(" / "))
    assert 59_000 < bid < ask < 61_000
    assert rows["open orders"] == "0"
    assert rows["streams"] == "0"
    assert rows["faults"] == "0 injected, 0 waiting"
    assert rows["USDT"] == "100000.00000000"
    assert venue_screen.table_of(desk).row_count == len(rows)


def test_one_host_lists_a_pair_as_spot_and_as_perpetual() -> None:
    """Both follow one fair price; the perpetual marks, pays funding, and counts in contracts."""
    desk = opened(BOTH)
    desk.gateway.advance(desk.started_ns + 60 * SECOND_NS)
    spot, swap = (one.listing for one in desk.plan.markets)
    assert (spot.symbol, swap.symbol) == ("BTCUSDT", "BTC-USDT-SWAP")
    prices = [one.price(desk.exchange.last_ticks(one.symbol)) for one in (spot, swap)]
    assert abs(prices[0] - prices[1]) < prices[0] / 1_000
    marked = desk.exchange.perpetual("BTC-USDT-SWAP")
    assert abs(swap.price(marked.mark_ticks) - prices[1]) < prices[1] / 1_000
    assert marked.funding_rate_e9 == 100_000
    lots = [
        sum(lots for _ticks, lots in desk.exchange.book(one.symbol, 5).bids) for one in (spot, swap)
    ]
    assert 100 < lots[0] / lots[1] < 10_000  # 0.00001 BTC a lot, and 0.01 BTC
    assert {one.asset for one in desk.exchange.balances(desk.key.account)} == {"BTC", "USDT"}


def test_okx_lists_both_kinds_and_asks_for_a_passphrase(tmp_path: Path) -> None:
    said = ballast(tmp_path, *SERVE, "--exchange", "okx", "--json").json()
    assert said["symbols"] == ["BTC-USDT", "BTC-USDT-SWAP"]
    assert "www.okx.com" in said["hosts"]
    assert len(said["api_passphrase"]) == 16


def test_kraken_lists_a_pair_in_its_own_spelling(tmp_path: Path) -> None:
    said = ballast(tmp_path, *SERVE, "--exchange", "kraken", "--json").json()
    assert said["symbols"] == ["BTC/USDT"]
    assert {"api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com"} <= set(said["hosts"])


def test_a_past_gives_clients_candles_from_the_start() -> None:
    """R-EXCH-16: a strategy that needs bars finds them; the last one is of now."""
    desk = opened(past="3m")
    assert isinstance(desk.front, BinanceSpot)
    made = desk.front.board.candles("BTCUSDT", 60 * SECOND_NS, now_ns=desk.exchange.now_ns)
    assert len(made) in {3, 4}
    assert all(one.lots > 0 for one in made)
    assert 0 <= desk.started_ns - desk.exchange.now_ns < 120 * SECOND_NS
    assert desk.exchange.drain() == []


def test_scripts_begin_so_long_after_the_opening_and_only_agents_take_them(tmp_path: Path) -> None:
    scripts = venue_market.scripts_of(["flash_crash@+10m"], "synthetic:seed=7")
    desk = opened(BOTH, scripts=scripts)
    before = [desk.exchange.last_ticks(one) for one in desk.exchange.listings]
    desk.gateway.advance(desk.started_ns + 599 * SECOND_NS)
    calm = [desk.exchange.last_ticks(one) for one in desk.exchange.listings]
    desk.gateway.advance(desk.started_ns + 620 * SECOND_NS)
    fallen = [desk.exchange.last_ticks(one) for one in desk.exchange.listings]
    assert before == [0, 0]
    assert all(0.88 < low / was < 0.92 for low, was in zip(fallen, calm, strict=True))
    said = ballast(tmp_path, *SERVE, "--script", "flash_crash@+1m", "--market", "book:X").mistake()
    assert "only a synthetic market takes scripts" in said


def test_a_venue_whose_market_breaks_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not go on as if the market merely stood still: exit code 70, no 20 seconds."""

    def broken(*_: object) -> None:
        raise InternalError("the walk left the road")

    monkeypatch.setattr(SyntheticAgents, "step", broken)
    done = ballast(tmp_path, "venue", "serve", "--duration", "20")
    assert done.code == 70
    assert "the walk left the road" in done.err
