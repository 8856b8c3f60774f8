"""Write the golden files: `python -m tests.golden`."""

from __future__ import annotations

from tests.golden.results import REAL, SYNTHETIC, compute_real, compute_synthetic, write


def main() -> None:
    """Compute and write what the data at hand allows."""
    from tests.data import SHARED  # noqa: PLC0415 - only a script needs it

    write(SYNTHETIC, compute_synthetic())
    if (SHARED / "README.md").is_file():
        write(REAL, compute_real())


main()
