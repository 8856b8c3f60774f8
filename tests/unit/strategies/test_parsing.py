"""Reading formulas: precedence, sugar, and every mistake with its place and a way out."""

from __future__ import annotations

import pytest

from ballast.core.errors import StrategyError
from ballast.strategies.parameters import param
from ballast.strategies.parsing import parse
from ballast.strategies.printing import show
from ballast.strategies.problems import ExpressionError

PARAMS = {"fast": param(9, 2, 50), "use_rsi": param(True)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("close", "close"),
        ("ema(9)", "ema(9)"),
        ("ema(close, 9)", "ema(9)"),
        ("ema(period=9)", "ema(9)"),
        ("ema(high, p.fast)", "ema(high, p.fast)"),
        ("ema(ema(9), 21)", "ema(ema(9), 21)"),
        ("macd(12, 26, 9)", "macd(12, 26, 9)"),
        ("macd().hist > 0", "macd(12, 26, 9).hist > 0"),
        ("hv_z()", "hv_z(20, 50)"),
        ("donchian(20).upper", "donchian(20)"),
        ("donchian(20, 0).lower", "donchian(20, 0).lower"),
        ('ta("adx")', 'ta("ADX")'),
        ("ta('ADX', timeperiod=20)", 'ta("ADX", timeperiod=20)'),
        ('ta("BBANDS", high, timeperiod=10).lowerband', None),
        ("close > open and volume > 0", "(close > open) & (volume > 0)"),
        ("not close > open or hour == 3", "~(close > open) | (hour == 3)"),
        ("not close > open and hour == 3", "~(close > open) & (hour == 3)"),
        ("(close > open) & p.use_rsi", "(close > open) & p.use_rsi"),
        ("close - (open - low)", "close - (open - low)"),
        ("(close - open) - low", "close - open - low"),
        ("-close * 2", "-close * 2"),
        ("-(close * 2)", "-(close * 2)"),
        ("1 + 2 * 3 < close", "close > 7"),
        ("0.5 >= rsi(14)", "rsi(14) <= 0.5"),
        ("crosses_above(30, rsi(14))", "rsi(14).crosses_below(30)"),
        ("rsi(14).crosses_above(30)", "rsi(14).crosses_above(30)"),
        ("min(close, open)", "minimum(close, open)"),
        ("between(close, 1, 2)", "close.between(1, 2)"),
        ("close.rising()", "close.rising()"),
        ("close.rising(3)", "close.rising(3)"),
        ("regime() == 1", "regime() == 1"),
        ("regime(30)", "regime(30)"),
        ("regime().is_trending()", "regime().is_trending()"),
        ("is_volatile(regime(30, 2))", "regime(30, 2).is_volatile()"),
        ("regime_hmm().is_ranging()", "regime_hmm(4, 2000, 168, 48).is_ranging()"),
        ("regime_hmm(window=500).p_trend > 0.8", "regime_hmm(4, 500, 168, 48).p_trend > 0.8"),
        ("~regime_clusters().shift(2).is_volatile()", None),
        ('on("1d", regime_clusters()).is_trending()', None),
        ('of("BTC/USDT", regime()).is_trending() and close > open', None),
        ("where(hour > 12, regime(), regime_clusters()).is_ranging()", None),
        ('on("240m", ema(9)) < close', 'on("4h", ema(9)) < close'),
        ('of("BTC/USDT", on("1d", close), 5)', 'of("BTC/USDT", on("1d", close), 5)'),
        ("close # the last price\n > open", "close > open"),
        ("first(true)", "first(true)"),
        ("2e3 + close", "2000 + close"),
    ],
)
def test_text_is_understood_as_python_would(text: str, shown: str | None) -> None:
    node = parse(text, PARAMS)
    assert parse(show(node), PARAMS) == node
    if shown is not None:
        assert show(node) == shown


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("emma(close, 9)", 1, "unknown function or indicator 'emma'|did you mean 'ema'"),
        ("closs > 1", 1, "unknown name 'closs'|did you mean 'close'"),
        ("ema > 1", 1, "unknown name 'ema'|write ema(...)"),
        ("ema(close, p.fats)", 14, "unknown parameter 'p.fats'|did you mean 'fast'"),
        ("macd(12, 26, 9).histo", 17, "no output 'histo'|macd, signal, hist|did you mean 'hist'"),
        ("close.upper", 7, "'.upper' is neither a method nor an output"),
        ("close.crosses(open)", 7, "unknown method '.crosses()'|did you mean 'crosses_"),
        ("ema(close, 9, 3)", 1, "got 2 numbers|at most 1: period"),
        ("ema(close, open, 9)", 1, "got 2 series"),
        ("ema(close, periodd=9)", 1, "no parameter 'periodd'|did you mean 'period'"),
        ("ema(close, 9, period=9)", 1, "got 'period' twice"),
        ("ema(close, 0)", 1, "period = 0|a whole number from 1"),
        ("ema(close, 9.5)", 1, "period = 9.5|a whole number"),
        ("ema(9, close)", 1, "a series after a number"),
        ("where(close, 1, 2)", 1, "argument 1 of where() is a number for each bar"),
        ("where(close > 1, 2)", 1, "where() got 2 arguments|3: truth, value, value"),
        (
            "close > 1 & open > 2",
            11,
            "argument 1 of '&' is a number|put comparisons in parentheses",
        ),
        ("1 < close < 2", 11, "two comparisons in a row|x.between(low, high)"),
        ("close & open", 7, "argument 1 of '&'"),
        ("close.shift(-1)", 7, "reads a bar that is not known yet|cannot look ahead"),
        ("shift(close, 0 - 2)", 1, "shift(-2) reads a bar that is not known yet"),
        ("close[-1]", 6, "unexpected '['|close.shift(1)"),
        ("close.rising(0)", 7, "rising() over 0 bars"),
        ("rising(5, 2)", 1, "argument 1 of rising() is a number"),
        ("close >", 8, "found the end|a series, a function"),
        ("(close > 1", 11, "found the end|')'"),
        ("close > 1)", 10, "found ')' after the expression"),
        ("ema(close 9)", 11, "found '9'|','"),
        ("close > 'high'", 9, "found 'high'"),
        ("ema('close', 9)", 1, "takes no text|remove the quotation marks"),
        ("on(4, close)", 1, "must start with a text"),
        ("on('4 hours', close)", 1, "is not a timeframe"),
        ("on('4h', on('1d', close))", 1, "on() around on()"),
        ("of('A', of('B', close))", 1, "of() around of()"),
        ("on('4h', 3)", 1, "on() of a number"),
        ("ta('ADXX')", 1, "ADXX"),
        ("1 / 0", 3, "has no value"),
        ("log(0)", 1, "has no value"),
        ("random(1, 2)", 1, "random() got 2 arguments|0 to 1"),
        ("close.is_trending()", 7, "is not a regime|regime(), regime_clusters(), regime_hmm()"),
        ("regime_hmm().p_trend.is_trending()", 22, "not a regime|write regime().is_trending()"),
        ("where(hour > 1, regime(), close).is_ranging()", 34, "is not a regime"),
        ("is_volatile()", 1, "got 0 arguments|1: regime|write regime().is_volatile()"),
        ("regime().is_trend", 10, "'.is_trend' is neither|did you mean 'is_trending'"),
        ("regime_hmm().p_up", 14, "no output 'p_up'|p_trend, p_range, p_volatile"),
        ("regime_hmm(5)", 1, "states = 5|a whole number from 2 to 4"),
        ("close ^ 2", 7, "unexpected '^'"),
        ("eval(close)", 1, "unknown function or indicator 'eval'"),
        ("__import__('os')", 1, "unknown function or indicator"),
        ("", 1, "found the end"),
    ],
)
def test_mistakes_are_said_in_one_line(text: str, column: int, words: str) -> None:
    """Position, what was expected, what to do."""
    with pytest.raises(ExpressionError) as caught:
        parse(text, PARAMS, "x.toml: signals.enter_long")
    line = caught.value.line()
    assert "\n" not in line
    assert line.startswith(f"x.toml: signals.enter_long, column {column} near")
    for word in words.split("|"):
        assert word in line, line


def test_caret_stands_under_the_mistake() -> None:
    text = "(close > open)\n& (ema(close, 9) > emma(close, 21))"
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    first, second = caught.value.caret().split("\n")
    assert first == "& (ema(close, 9) > emma(close, 21))"
    assert first[second.index("^") :].startswith("emma")


def test_nesting_and_length_have_a_bound() -> None:
    with pytest.raises(StrategyError, match="nested too deep"):
        parse("(" * 200 + "close" + ")" * 200)
    with pytest.raises(StrategyError, match="nested too deep"):
        parse("-" * 5000 + "close")
    with pytest.raises(StrategyError, match="characters long"):
        parse("close + " * 10_000 + "close")
    assert parse("(" * 90 + "close" + ")" * 90) == parse("close")
    assert parse(" + ".join(["close"] * 99))
    with pytest.raises(StrategyError, match="nested too deep"):
        parse(" + ".join(["close"] * 2000))
