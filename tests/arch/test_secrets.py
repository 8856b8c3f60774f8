"""Secrets: who may see one in the clear, and that nobody else turns one into text."""

from __future__ import annotations

import ast
import re

from tests.data import ROOT, parsed

SRC = ROOT / "src" / "ballast"
MAY_REVEAL = {
    "core/settings/rule.py": "the type itself",
    "service/cli/journals.py": "the address of a database goes to its driver",
    "service/cli/keys.py": "what a person typed is tidied",
    "service/keys/account.py": "form and length are checked",
    "service/keys/environment.py": "variables are tidied",
    "service/keys/listing.py": "two accounts with one key are found",
    "service/keys/passphrase.py": "its length is checked",
    "service/keys/redaction.py": "what must not be shown is looked for",
    "service/keys/ring.py": "the system's keyring takes texts",
    "service/keys/sealed.py": "it is encrypted",
    "venues/clients/asking/asker.py": "the signer",
    "venues/clients/asking/wire.py": "the signer",
}
"""Every file that calls `reveal`, and why."""
PLACES = re.compile(r"BALLAST_(KEY|SECRET|PASSPHRASE)__|BALLAST_KEYS_(NEW_)?PASSPHRASE")


def test_only_the_signer_and_the_store_of_keys_see_a_secret() -> None:
    """R-EXCH-08, R-OMS-19, R-SEC-11: a new place needs a line here, and somebody who read it."""
    found = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if any(
            isinstance(node, ast.Attribute) and node.attr == "reveal"
            for node in ast.walk(parsed(path))
        )
    }
    assert found - set(MAY_REVEAL) == set()
    assert set(MAY_REVEAL) - found == set(), "strike these out"


def test_only_the_store_of_keys_reads_their_variables() -> None:
    """What reads a key from the environment by itself passes over the order of the places."""
    found = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if any(
            isinstance(node, ast.Constant) and isinstance(node.value, str)
            and PLACES.fullmatch(node.value.strip())
            for node in ast.walk(parsed(path))
        )
    }  # fmt: skip
    assert found <= {
        "service/keys/environment.py", "service/keys/passphrase.py", "service/cli/keys.py"
    }  # fmt: skip
    assert "service/keys/environment.py" in found
