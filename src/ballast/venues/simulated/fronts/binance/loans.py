"""Flexible loans of the simulated Binance: borrow, repay, move collateral; LTV by the last price.

The two assets of a listing can be borrowed against each other. What is lent comes from and goes to
the spot account, so a loan changes balances as on the venue. A loan costs no interest here and is
never called or sold: what is above the margin call stays there.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.profile import asset_digits
from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.spot_words import amount

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot

INITIAL, MARGIN_CALL, LIQUIDATION = Decimal("0.65"), Decimal("0.75"), Decimal("0.83")
"""LTV up to which is lent, at which the venue warns, at which it sells: those of large coins."""
RATIO = Decimal("0.0001")
PAGE, PAGE_MAX = 10, 100
NO_PAIR = Refusal(-1102, "Loan coin and collateral coin are not a pair that can be borrowed.")
NO_LOAN = Refusal(-1128, "There is no such loan.")
TOO_MUCH = Refusal(-2010, "LTV would be above the initial LTV.")
TOO_LITTLE = Refusal(-1013, "The amount is too small.")
SHORT = Refusal(-2010, "Account has insufficient balance for requested action.")


class Loan(msgspec.Struct):
    """One loan: whose, what was borrowed, against what; amounts in units of the assets."""

    account: int
    coin: str
    collateral_coin: str
    debt: Decimal
    collateral: Decimal


class Loans:
    """All loans of one exchange, by account and pair."""

    def __init__(self) -> None:
        """Know none."""
        self.open: dict[str, Loan] = {}

    def of(self, account: int) -> list[Loan]:
        """Return the loans of an account, in the order they were taken."""
        return [one for one in self.open.values() if one.account == account]

    def find(self, account: int, coin: str, collateral: str) -> Loan | None:
        """Return one loan."""
        return self.open.get(_key(account, coin, collateral))

    def keep(self, loan: Loan) -> None:
        """Know a loan, or forget one that owes nothing and holds nothing."""
        key = _key(loan.account, loan.coin, loan.collateral_coin)
        self.open[key] = loan
        if loan.debt == loan.collateral == 0:
            del self.open[key]


def borrow(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v2/loan/flexible/borrow: so much, or against so much."""
    coin, collateral_coin = _pair(call)
    wanted, offered = call.maybe_decimal("loanAmount"), call.maybe_decimal("collateralAmount")
    call.given.finish()
    steps = _steps(front)
    if (wanted is None) == (offered is None):
        raise Refusal(-1102, "Either loanAmount or collateralAmount must be sent.")
    price = _price(front, coin, collateral_coin)
    if wanted is None:
        assert offered is not None  # noqa: S101 - one of the two was sent
        wanted = (offered * price * INITIAL).quantize(steps[coin], ROUND_DOWN)
    if offered is None:
        offered = (wanted / price / INITIAL).quantize(steps[collateral_coin], ROUND_UP)
    if not wanted or not offered:
        raise TOO_LITTLE
    if wanted % steps[coin]:  # before anything moves
        raise errors.illegal("loanAmount")
    _move(front, call, collateral_coin, -offered)
    _move(front, call, coin, wanted)
    loan = front.loans.find(call.account, coin, collateral_coin) or Loan(
        call.account, coin, collateral_coin, Decimal(0), Decimal(0)
    )
    loan.debt += wanted
    loan.collateral += offered
    front.loans.keep(loan)
    return {
        "loanCoin": coin,
        "loanAmount": amount(wanted),
        "collateralCoin": collateral_coin,
        "collateralAmount": amount(offered),
        "status": "Succeeds",
    }


def repay(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v2/loan/flexible/repay: all of it gives the collateral back."""
    loan = _loan(front, call)
    given = min(call.decimal("repayAmount"), loan.debt)
    returns = call.given.optional("collateralReturn") != "FALSE"
    asked_full = call.given.optional("fullRepayment") == "TRUE"
    call.given.finish()
    paid = loan.debt if asked_full else given
    _move(front, call, loan.coin, -paid)
    loan.debt -= paid
    if loan.debt == 0 and returns:
        _move(front, call, loan.collateral_coin, loan.collateral)
        loan.collateral = Decimal(0)
    front.loans.keep(loan)
    return {
        "loanCoin": loan.coin,
        "collateralCoin": loan.collateral_coin,
        "remainingDebt": amount(loan.debt),
        "remainingCollateral": amount(loan.collateral),
        "fullRepayment": loan.debt == 0,
        "currentLTV": _ltv(front, loan),
        "repayStatus": "Repaid" if loan.debt == 0 else "Repaying",
    }


def adjust(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v2/loan/flexible/adjust/ltv: add collateral, or take some back."""
    loan = _loan(front, call)
    moved = call.decimal("adjustmentAmount")
    direction = call.given.required("direction")
    call.given.finish()
    if direction not in {"ADDITIONAL", "REDUCED"}:
        raise errors.illegal("direction")
    if direction == "REDUCED":
        price = _price(front, loan.coin, loan.collateral_coin)
        left = loan.collateral - moved
        if left < 0 or loan.debt > left * price * INITIAL:
            raise TOO_MUCH
        moved = -moved
    _move(front, call, loan.collateral_coin, -moved)
    loan.collateral += moved
    front.loans.keep(loan)
    return {
        "loanCoin": loan.coin,
        "collateralCoin": loan.collateral_coin,
        "direction": direction,
        "adjustmentAmount": amount(abs(moved)),
        "currentLTV": _ltv(front, loan),
        "status": "Succeeds",
    }


def ongoing(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v2/loan/flexible/ongoing/orders."""
    coin, collateral = call.given.optional("loanCoin"), call.given.optional("collateralCoin")
    rows = [
        {
            "loanCoin": one.coin,
            "totalDebt": amount(one.debt),
            "collateralCoin": one.collateral_coin,
            "collateralAmount": amount(one.collateral),
            "currentLTV": _ltv(front, one),
        }
        for one in front.loans.of(call.account)
        if coin in {None, one.coin} and collateral in {None, one.collateral_coin}
    ]
    return _page(call, rows, "limit")


def bounds(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v2/loan/flexible/collateral/data."""
    wanted = call.given.optional("collateralCoin")
    rows = [
        {
            "collateralCoin": asset,
            "initialLTV": str(INITIAL),
            "marginCallLTV": str(MARGIN_CALL),
            "liquidationLTV": str(LIQUIDATION),
            "maxLimit": "1000000000",
        }
        for asset in _steps(front)
        if wanted in {None, asset}
    ]
    return _page(call, rows, "limit")


def savings(_front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/simple-earn/flexible/list: nothing can be lent to this venue."""
    call.given.allow("asset")
    return _page(call, [], "size")


def _page(call: Call, rows: list[dict[str, Any]], size: str) -> dict[str, Any]:
    page, each = call.whole("current", 1), call.whole(size, PAGE, PAGE_MAX)
    call.given.finish()
    first = max(page - 1, 0) * each
    return {"rows": rows[first : first + each], "total": len(rows)}


def _pair(call: Call) -> tuple[str, str]:
    return call.given.required("loanCoin"), call.given.required("collateralCoin")


def _loan(front: BinanceSpot, call: Call) -> Loan:
    found = front.loans.find(call.account, *_pair(call))
    if found is None:
        raise NO_LOAN
    return found


def _price(front: BinanceSpot, coin: str, collateral: str) -> Decimal:
    """Return the last price of a unit of collateral in units of the loan."""
    for symbol, one in front.market.listings.items():
        last = one.price(front.market.last_ticks(symbol))
        if (one.base, one.quote) == (collateral, coin) and last > 0:
            return last
        if (one.base, one.quote) == (coin, collateral) and last > 0:
            return 1 / last
    raise NO_PAIR


def _ltv(front: BinanceSpot, loan: Loan) -> str:
    """Return debt over the value of the collateral; 0 where nothing is owed."""
    if not loan.debt:
        return "0.0000"
    value = loan.collateral * _price(front, loan.coin, loan.collateral_coin)
    return str((loan.debt / value).quantize(RATIO)) if value else "1.0000"


def _move(front: BinanceSpot, call: Call, asset: str, units: Decimal) -> None:
    """Give to the account, or take from it; raise a `Refusal` where it has not so much."""
    step = _steps(front)[asset]
    if units % step:
        raise errors.illegal("amount")
    atoms = front.market.atoms(asset, units)
    if isinstance(front.market.transfer(call.account, asset, atoms), Rejected):
        raise SHORT
    front.wallet.lend(call.account, asset, atoms)


def _steps(front: BinanceSpot) -> dict[str, Decimal]:
    """Return the smallest amount of each asset the exchange keeps."""
    digits = asset_digits(list(front.market.listings.values()))
    return {asset: Decimal(1).scaleb(-many) for asset, many in sorted(digits.items())}


def _key(account: int, coin: str, collateral: str) -> str:
    return f"{account} {coin} {collateral}"
