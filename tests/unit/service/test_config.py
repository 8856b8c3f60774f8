"""Configuration: sources merge in order, every value knows its origin, mistakes name their line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ballast.core.errors import ConfigError
from ballast.core.settings import SECTIONS, Settings
from ballast.service.config import FILE_NAME, Config, json_schema, load
from ballast.service.config.profiles import ABOUT, BUILT_IN

if TYPE_CHECKING:
    from pathlib import Path


def config(folder: Path, text: str = "", **more: object) -> Config:
    (folder / FILE_NAME).write_text(text)
    arguments: dict[str, object] = {"environment": {}, **more}
    return load(start=folder, **arguments)  # type: ignore[arg-type]  # a test's shorthand


def refusal(folder: Path, text: str = "", **more: object) -> str:
    with pytest.raises(ConfigError) as caught:
        config(folder, text, **more)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = load(start=tmp_path, environment={})
    assert found.settings == Settings()
    assert found.workspace == tmp_path.resolve()
    assert found.origin("risk", "daily_loss") == "default"


def test_the_nearest_file_upwards_makes_the_workspace(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[engine]\nseed = 7\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = load(start=below, environment={})
    assert found.settings.engine.seed == 7
    assert found.data_root == tmp_path.resolve() / "data"


def test_later_sources_win_and_every_value_knows_its_origin(tmp_path: Path) -> None:
    """R-CONF-02: defaults < file < profile < environment < flag."""
    text = """
[engine]
seed = 1
initial_cash = 500
[risk]
position_cap = 0.4
entries_day = 11
[profile.cautious.risk]
positions = 2
"""
    found = config(
        tmp_path,
        text,
        profiles=["cautious"],
        environment={"BALLAST__ENGINE__SEED": "2", "PATH": "/bin", "BALLAST_PROFILE": "x"},
        flags=["engine.seed=3"],
    )
    assert found.settings.engine.seed == 3
    assert found.origin("engine", "seed") == "--set engine.seed=3"
    assert found.origin("engine", "initial_cash") == f"{FILE_NAME}:4"
    assert found.settings.risk.position_cap == 0.10
    assert found.origin("risk", "position_cap") == "profile cautious"
    assert found.origin("risk", "positions") == f"{FILE_NAME}:9"
    assert found.settings.risk.entries_day == 11
    by_environment = config(tmp_path, text, environment={"BALLAST__ENGINE__SEED": "2"})
    assert by_environment.settings.engine.seed == 2
    assert by_environment.origin("engine", "seed") == "BALLAST__ENGINE__SEED"


def test_files_merge_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "one.toml", tmp_path / "two.toml"
    first.write_text("[engine]\nseed = 1\ninitial_cash = 5\n")
    second.write_text("engine.seed = 2\n")
    found = load(start=tmp_path, environment={}, files=[first, second])
    assert (found.settings.engine.seed, found.settings.engine.initial_cash) == (2, 5.0)
    assert found.origin("engine", "seed") == "two.toml:1"


def test_symbols_inherit_and_override(tmp_path: Path) -> None:
    """R-PORT-02."""
    text = """
[costs]
taker = 0.001
[symbols."BTC/USDT".costs]
maker = 0.0001
[symbols."ETH/USDT"]
sizing = { risk_per_trade = 0.005 }
"""
    found = config(tmp_path, text)
    bitcoin = found.for_symbol("BTC/USDT").costs
    assert (bitcoin.maker, bitcoin.taker) == (0.0001, 0.001)
    assert found.for_symbol("ETH/USDT").sizing.risk_per_trade == 0.005
    assert found.for_symbol("SOL/USDT") is found.settings
    assert found.symbol_origins["BTC/USDT"]["costs", "maker"] == f"{FILE_NAME}:5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[risk]\ndaily_loss = 0.5", f"{FILE_NAME}:2: risk.daily_loss: 0.5 is past its hard bound"),
        ("[risk]\n\ndaily_los = 0.01", f"{FILE_NAME}:3: no setting risk.daily_los; did you mean"),
        ("\n[riks]\nx = 1", f"{FILE_NAME}:2: no section [riks]; did you mean 'risk'?"),
        ("[risk\n", f"{FILE_NAME}:1:6: "),
        ("[risk]\na = 1\na = 2\nb = 3", f"{FILE_NAME}:3:"),
        ("risk = 3", f"{FILE_NAME}:1: risk = 3 stands alone; expected a table [risk]"),
        ("[risk]\nenforce = 1", f"{FILE_NAME}:2: risk.enforce: 1 does not fit; expected true or"),
        ("[network]\napi_key = 'k'", f"{FILE_NAME}:2: network.api_key is a secret"),
        ('[symbols."A/B".risk]\npositions=1', "holds for the whole account"),
        ('[symbols."A/B".costs]\ntakr=1', f"{FILE_NAME}:2: no setting costs.takr; did you mean"),
        ('[symbols."A/B".costs]\ntaker=1', f"{FILE_NAME}:2: costs.taker: 1 is out of range"),
        ("[profile.x.risk]\npositionz=1", f"{FILE_NAME}:2: no setting risk.positionz"),
    ],
)
def test_a_mistake_in_a_file_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BALLAST__RISK__DAILY_LOS": "1"}, "BALLAST__RISK__DAILY_LOS: no setting"),
        ({"BALLAST__RISK": "1"}, "BALLAST__RISK: does not name a setting"),
        ({"BALLAST__RISK__DAILY_LOSS": "x"}, "BALLAST__RISK__DAILY_LOSS: 'x' does not fit"),
        ({"BALLAST__RISK__DAILY_LOSS": "0.9"}, "BALLAST__RISK__DAILY_LOSS: risk.daily_loss: 0.9"),
        ({"BALLAST__RISK__DAILY_LOSS": "0.01\nv2 = 3"}, "does not fit"),
    ],
)
def test_a_mistake_in_the_environment_names_its_variable(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    assert said in refusal(tmp_path, environment=environment)


@pytest.mark.parametrize("flag", ["risk", "risk.daily_loss", "daily_loss=1", "=", "a.b=1"])
def test_a_malformed_flag_is_refused(tmp_path: Path, flag: str) -> None:
    said = refusal(tmp_path, flags=[flag])
    assert f"--set {flag.partition('=')[0]}" in said
    assert "=1" not in said, "the value may have been meant for a secret"


SECRET_FLAGS = {
    "network.api_key=hunter2": "a secret and does not belong on a command line",
    "network.api_secret = hunter2": "set BALLAST__NETWORK__API_SECRET instead",
    "journal.url=postgresql://u:hunter2@h/d": "set BALLAST__JOURNAL__URL instead",
    "network.api_kee=hunter2": "no setting network.api_kee",
    "api_key=hunter2": "does not set anything",
    "network.api_secret:hunter2": "does not set anything",
}


@pytest.mark.parametrize("flag", SECRET_FLAGS)
def test_a_secret_is_no_flag_and_its_refusal_does_not_repeat_it(tmp_path: Path, flag: str) -> None:
    """S1: arguments stand in the list of processes, and a refusal in somebody's log."""
    line = refusal(tmp_path, flags=[flag])
    assert SECRET_FLAGS[flag] in line
    assert "hunter2" not in line


def test_texts_of_environment_and_flags_become_typed_values(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        environment={"BALLAST__NETWORK__API_SECRET": "0123"},
        flags=["exits.stop_atr = 2.5", "risk.kill_closes=false", "data.root=/x=y"],
    )
    assert found.settings.exits.stop_atr == 2.5
    assert found.settings.risk.kill_closes is False
    assert found.settings.data.root == "/x=y"
    assert found.settings.network.api_secret.reveal() == "0123"


def test_unreadable_files_are_one_line(tmp_path: Path) -> None:
    for name, content in (("bytes.toml", b"\xff\xfe\x00"), ("large.toml", b"#" * 1_000_001)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=name):
            load(start=tmp_path, environment={}, files=[tmp_path / name])
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot read it"):
            load(start=tmp_path, environment={}, files=[path])


def test_unknown_profile_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    line = refusal(tmp_path, "[profile.mine.engine]\nseed=1", profiles=["livee"])
    assert "cautious, dev, live, mine, paper" in line
    assert "did you mean 'live'?" in line


def test_every_built_in_profile_passes_the_checks(tmp_path: Path) -> None:
    """R-CONF-03, R-CONF-10: environments differ in mode and keep their results apart."""
    assert set(ABOUT) == set(BUILT_IN)
    found = {name: config(tmp_path, profiles=[name]) for name in BUILT_IN}
    assert found["paper"].settings.engine.mode == "paper"
    assert found["live"].settings.engine.mode == "live"
    roots = {found[name].results_root for name in ("dev", "paper", "live")}
    assert len(roots) == 3


def test_live_profile_refuses_a_loosened_gate(tmp_path: Path) -> None:
    line = refusal(tmp_path, "[risk]\nhard_bounds = false", profiles=["live"])
    assert line.startswith(f"{FILE_NAME}:2: risk.hard_bounds: ")


def test_dangers_are_named_with_their_origin(tmp_path: Path) -> None:
    """R-CONF-05: a dangerous value needs an explicit override, and the override is shown."""
    assert config(tmp_path).dangers == ()
    loose = config(tmp_path, "[risk]\nenforce = false\n[sizing]\ni_accept_ruin = true")
    assert [line.split(":")[0] for line in loose.dangers] == [
        "risk.enforce",
        "sizing.i_accept_ruin",
    ]
    assert f"({FILE_NAME}:2)" in loose.dangers[0]


def test_hash_follows_values_not_their_origin(tmp_path: Path) -> None:
    """R-CONF-08."""
    by_file = config(tmp_path, "[engine]\nseed = 7")
    by_flag = config(tmp_path, flags=["engine.seed=7"])
    secret = config(
        tmp_path, flags=["engine.seed=7"], environment={"BALLAST__NETWORK__API_KEY": "k"}
    )
    other = config(tmp_path, "[engine]\nseed = 8")
    symbol = config(tmp_path, '[engine]\nseed = 7\n[symbols."A/B".costs]\ntaker = 0')
    assert by_file.hash == by_flag.hash == secret.hash
    assert len({by_file.hash, other.hash, symbol.hash}) == 3


def test_lines_are_found_through_strings_comments_and_quotes(tmp_path: Path) -> None:
    text = '''# a comment
[data]
root = """
seed = 1
[engine]
"""
[engine]
seed = 7 # "not [ a bracket
[exits]
stop_atr = 2.5
[ symbols . "A = B" . costs ]
"taker" = 0.5
'''
    assert f"{FILE_NAME}:12: costs.taker" in refusal(tmp_path, text)
    found = config(tmp_path, text.replace("= 0.5\n", "= 0.05\n"))
    assert found.origin("exits", "stop_atr") == f"{FILE_NAME}:10"


def test_schema_names_every_section_and_refuses_unknown_keys() -> None:
    schema = json_schema()
    assert set(schema["$defs"]) == set(SECTIONS)
    assert not schema["additionalProperties"]
    assert not any(section["additionalProperties"] for section in schema["$defs"].values())
    assert schema["$defs"]["engine"]["properties"]["intrabar"]["enum"][0] == "pessimistic"
    assert "api_key" not in json.dumps(schema)
