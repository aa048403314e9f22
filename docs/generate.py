"""Writes the generated reference pages, or with --check fails when one of them is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from features.contracts.settings_reference import settings_page
from features.groups.reference import features_page
from features.tables.reference import tables_page
from training.evaluation.expected_page import DIAGRAM, reliability_picture
from training.evaluation.page import quality_page

PAGES = {
    "features.md": features_page,
    "settings.md": settings_page,
    "tables.md": tables_page,
    "quality.md": lambda: quality_page(Path(__file__).parent / "quality"),
    DIAGRAM: lambda: reliability_picture(Path(__file__).parent / "quality"),
}


def main() -> int:
    """0 when every page is as it should be."""
    folder = Path(__file__).parent
    stale = []
    for name, page in PAGES.items():
        file = folder / name
        if file.is_file() and file.read_text(encoding="utf-8") == page():
            continue
        if "--check" in sys.argv:
            stale.append(name)
        else:
            file.write_text(page(), encoding="utf-8")
            print(f"wrote docs/{name}")
    if stale:
        print(f"stale: {', '.join(f'docs/{name}' for name in stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
