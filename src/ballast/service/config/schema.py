"""Schema: the settings as JSON Schema, so that editors complete and check `ballast.toml`."""

from __future__ import annotations

from typing import Any

from ballast.core.settings import SECTIONS, Secret, every_setting, rule_of, type_of
from ballast.service.config.sources import PER_SYMBOL

_TYPES: dict[Any, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def json_schema() -> dict[str, Any]:
    """Return the schema of a settings file, JSON Schema draft 2020-12."""
    sections: dict[str, dict[str, Any]] = {
        name: {"type": "object", "additionalProperties": False, "properties": {}}
        for name in SECTIONS
    }
    for section, item in every_setting():
        if type_of(section, item.name) is not Secret:  # never in a file
            sections[section]["properties"][item.name] = _property(section, item)
    for name, kind in SECTIONS.items():
        sections[name]["description"] = (kind.__doc__ or "").strip()
    whole = {name: {"$ref": f"#/$defs/{name}"} for name in SECTIONS}
    symbol = _closed({name: whole[name] for name in PER_SYMBOL})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Ballast",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **whole,
            "profile": {"type": "object", "additionalProperties": _closed(whole)},
            "symbols": {"type": "object", "additionalProperties": symbol},
        },
        "$defs": sections,
    }


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(section: str, item: Any) -> dict[str, Any]:  # noqa: ANN401 - Field of any type
    rule = rule_of(item)
    kind = type_of(section, item.name)
    one: dict[str, Any] = {"type": _TYPES[kind]}
    if rule.choices:
        one["enum"] = list(rule.choices)
    if rule.low is not None and not rule.hard:  # hard bounds depend on `risk.hard_bounds`
        one["minimum"] = 0.0 if rule.off else rule.low
    if rule.high is not None and not rule.hard:
        one["maximum"] = rule.high
    bounds = rule.allowed()
    text = rule.doc + (f" {bounds[0].upper()}{bounds[1:]}." if bounds else "")
    return {
        **one,
        "description": f"{text} [{rule.requirement}]",
        "default": item.default,
    }
