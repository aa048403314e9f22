"""New ids that sort by the moment they were made at."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

_RANDOM_BITS = 74


def new_id(at: datetime) -> str:
    """A UUID of version 7: milliseconds of `at` first, then random bits."""
    random = secrets.randbits(_RANDOM_BITS)
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))
