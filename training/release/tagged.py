"""The members' tags in their online rows, for rules that hold for some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from features.store.packed_member import PackedMember


def with_tags(packed: Iterable[Sequence[PackedMember]], rows: pa.Table) -> Iterator[list[PackedMember]]:
    """The members of each chunk with their tags; `rows` are those of `member_tags`."""
    lists = rows.column("tags").combine_chunks()
    ids = rows.column("member_id").to_numpy().astype(np.str_)
    # one more at the end, for who stands behind all of them
    known = np.append(ids, "")
    for chunk in packed:
        asked = np.array([member.member_id for member in chunk], dtype=np.str_)
        places = np.searchsorted(ids, asked)
        has_tags = (known[places] == asked) & (places < len(ids))
        found = iter(lists.take(pa.array(places[has_tags])).to_pylist())
        yield [
            replace(member, tags=tuple(next(found))) if has else member
            for member, has in zip(chunk, has_tags.tolist(), strict=True)
        ]
