"""The API request that does the same as a page, to copy into a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def curl(base_url: str, path: str, body: Mapping[str, Any]) -> str:
    """A POST by curl; `Any` because JSON is."""
    text = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
    address = base_url.rstrip("/") + path
    return (
        f"curl -X POST {address} \\\n  -H 'Authorization: Bearer YOUR_KEY' \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d '{text}'"
    )
