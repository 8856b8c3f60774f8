"""What every backtest of this simulator assumes: printed on each report, so nobody has to ask."""

from __future__ import annotations

ASSUMPTIONS = (
    "A signal uses closed bars only and is filled at the next bar's open or later.",
    "Stops that a bar's open has jumped over fill at the open, never at the stop.",
    "When stop and target lie in one bar, the setting `intrabar` decides; pessimistic: the stop.",
    "Market orders pay slippage and the taker fee. Limit exits pay the maker fee.",
    "A limit needs the price to trade through it, unless the setting `touch_fills` is on.",
    "Prices, quantities and minimums obey the instrument; what cannot be legal is refused.",
    "Open positions are marked at the last close and are not part of the figures about trades.",
    "Returns are per calendar day (UTC) of marked equity, annualised with 365, risk-free rate 0.",
    "Drawdown is measured at every bar's close. Inside a bar it may have been deeper.",
    "The stop drawn for a trade is its first one, from the cash at risk; later moves are not kept.",
    "Buy and hold buys equal parts at the first close, pays nothing and is never rebalanced.",
    "One backtest proves little: what was tried and thrown away before it is not on this page.",
)
