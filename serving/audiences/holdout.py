"""Who of an audience is held out: drawn per person by a keyed hash, so that it stays the same whenever it is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_WHOLE = 2**64


def held_out(person_ids: Sequence[str], *, share: float, salt: str) -> npt.NDArray[np.bool_]:
    """bool (persons,): the persons to hold out, about `share` (below 1) of them.

    A person's answer depends on the person, the share and the salt alone, never on who else is asked; whoever is held
    out at one share is held out at every larger one.
    """
    if share <= 0:
        return np.zeros(len(person_ids), dtype=np.bool_)
    key = hashlib.blake2b(salt.encode(), digest_size=32).digest()
    blake = hashlib.blake2b
    drawn = b"".join([blake(person.encode(), digest_size=8, key=key).digest() for person in person_ids])
    below = np.uint64(min(round(share * _WHOLE), _WHOLE - 1))
    is_held_out: npt.NDArray[np.bool_] = np.frombuffer(drawn, dtype=">u8") < below
    return is_held_out
