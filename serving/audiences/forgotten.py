"""An audience without members who asked to be forgotten while it was built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from serving.audiences.build import BuiltAudience
from serving.audiences.world import World


def without_forgotten(built: BuiltAudience, world: World) -> BuiltAudience:
    """The audience as it may be stored: its figures stay those of the build."""
    summary = dict(built.summary)
    top = summary.get("top_members", [])
    told = world.forgotten(np.array([each["member_id"] for each in top], dtype=np.str_))
    if told.any():
        summary["top_members"] = [each for each, is_gone in zip(top, told, strict=True) if not is_gone]
    members = built.members
    gone = world.forgotten(np.array(members.column("member_id").to_pylist(), dtype=np.str_))
    if gone.any():
        members = members.filter(pa.array(~gone))
    return replace(built, summary=summary, members=members)
