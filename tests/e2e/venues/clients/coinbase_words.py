"""How the rows of Coinbase read in the words of the steps; for any client."""

from __future__ import annotations

from typing import Any

SYMBOL = "BTC-USD"
NOBODY = "0bade000-0000-4000-8000-ffffffffffff"


def refusal(answer: Any) -> dict[str, str] | None:
    """Return what a refusal says, None for an answer that is none."""
    match answer:
        case {"error_response": {"preview_failure_reason": reason}}:
            return {"refused": reason}
        case {"results": [{"success": False, "failure_reason": reason}]}:
            return {"refused": reason}
        case {"errors": [{"edit_failure_reason": reason}, *_]}:
            return {"refused": reason}
        case {"error": reason, "error_details": _}:
            return {"refused": reason}
    return None


def order(row: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order."""
    return {
        "id": row["client_order_id"], "status": row["status"], "filled": row["filled_size"],
    }  # fmt: skip


def terms(row: dict[str, Any]) -> dict[str, str]:
    """Return size and price of a limit order."""
    (part,) = row["order_configuration"].values()
    return {"qty": part["base_size"], "price": part["limit_price"]}


def ids(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the clients' ids of some orders."""
    return {"ids": sorted(one["client_order_id"] for one in rows)}


def ends(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled size by id."""
    return {one["client_order_id"]: [one["status"], one["filled_size"]] for one in rows}


def pushed(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled size by id, of what the user channel tells."""
    return {one["client_order_id"]: [one["status"], one["cumulative_quantity"]] for one in rows}


def trades(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return side, size, price and fee of each trade, the oldest first."""
    found = sorted(rows, key=lambda one: one["entry_id"])
    return [[one["side"], one["size"], one["price"], one["commission"]] for one in found]


def account(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return free and held by asset."""
    return {
        one["currency"]: [one["available_balance"]["value"], one["hold"]["value"]] for one in rows
    }


def preview(said: dict[str, Any]) -> dict[str, str]:
    """Return what matters of a preview."""
    return {"base": said["base_size"], "bid": said["best_bid"], "ask": said["best_ask"]}
