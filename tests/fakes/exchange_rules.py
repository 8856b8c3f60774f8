"""Trading rules as the venues' public REST states them, for the fake exchange."""

from __future__ import annotations

from typing import Any


def binance_rules(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol[:-4],
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "permissions": ["SPOT"],
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00001000",
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": "0.00000000",
                "maxQty": "110.50000000",
                "stepSize": "0.00000000",
            },
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.0"},
        ],
    }


def usdm_rules(listed_ms: int | None, symbol: str) -> dict[str, Any]:
    rules = binance_rules(symbol)
    rules.update(
        pair=symbol,
        contractType="PERPETUAL",
        deliveryDate=4133404800000,
        onboardDate=listed_ms or 0,
        marginAsset="USDT",
        pricePrecision=2,
        quantityPrecision=3,
        contractStatus="TRADING",
    )
    rules["filters"][3] = {"filterType": "MIN_NOTIONAL", "notional": "100"}
    return rules


def okx_rules(listed_ms: int | None, symbol: str, query: dict[str, str]) -> dict[str, Any]:
    base, swap = symbol[:-4], query.get("instType") == "SWAP"
    return {
        "instType": "SWAP" if swap else "SPOT",
        "instId": f"{base}-USDT-SWAP" if swap else f"{base}-USDT",
        "instFamily": f"{base}-USDT" if swap else "",
        "uly": f"{base}-USDT" if swap else "",
        "baseCcy": "" if swap else base,
        "quoteCcy": "" if swap else "USDT",
        "settleCcy": "USDT" if swap else "",
        "ctVal": "0.01" if swap else "",
        "ctMult": "1" if swap else "",
        "ctValCcy": base if swap else "",
        "ctType": "linear" if swap else "",
        "lotSz": "0.1" if swap else "0.00000001",
        "minSz": "0.1" if swap else "0.00001",
        "tickSz": "0.1",
        "lever": "100" if swap else "10",
        "maxLmtSz": "100000000",
        "maxMktSz": "12000",
        "state": "live",
        "listTime": str(listed_ms or ""),
    }


def bybit_rules(listed_ms: int | None, symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": symbol[:-4],
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": str(listed_ms or ""),
        "deliveryTime": "0",
        "fundingInterval": 480,
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            "minOrderQty": "0.001",
            "qtyStep": "0.001",
            "maxMktOrderQty": "500.000",
            "minNotionalValue": "5",
            "basePrecision": "0.000001",
            "quotePrecision": "0.00000001",
            "minOrderAmt": "5",
        },
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
    }
