"""JSON inside a page."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def json_for_script(value: Any) -> Markup:
    """JSON that can stand inside a script element; `Any` because JSON is."""
    return Markup(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).translate(_IN_SCRIPT))
