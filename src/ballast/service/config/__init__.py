"""Config: one TOML file, profiles, environment and flags become checked settings.

Purpose: read, merge, check, and remember where every value came from. May import: core. Invariants:
an unknown key is refused with a suggestion; a secret never stands in a file and is never printed;
what `load` returns has passed `core.settings.check`. Start reading at `load.py`.
"""

from ballast.service.config.load import FILE_NAME, Config, load
from ballast.service.config.schema import json_schema

__all__ = ["FILE_NAME", "Config", "json_schema", "load"]
