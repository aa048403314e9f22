"""A sample of members that is the same every time."""

from __future__ import annotations

import numpy as np

from training.protocol import Rows


def spread(places: Rows, most: int) -> Rows:
    """At most so many of the positions, evenly spread over their order."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(np.int64)]
