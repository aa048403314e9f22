"""A member's online row: what it holds, and its one form in bytes.

The form, little-endian: a header (magic, CRC-32 of all that follows it, `as_of`, eight counts), the float64 days,
the float32 vector, candidate values and coupon values, the uint32 marks, then every id, text and tag in UTF-8 with a
NUL between them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import numpy.typing as npt

from features.contracts.errors import Refused, StoreUnavailable
from features.contracts.ids import MemberId, ProductId
from features.encoding import Vectors

FORMAT = 2
"""Number of the form; a release whose rows have another one is refused."""

_MAGIC = b"TF02"
_HEADER = struct.Struct("<4sIq8I")
_CHECKED_FROM = 8
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SEPARATOR = "\0"


def _no_values() -> Vectors:
    return np.empty((0, 0), dtype=np.float32)


Marks = npt.NDArray[np.uint32]


def _no_marks() -> Marks:
    return np.empty(0, dtype=np.uint32)


@dataclass(frozen=True, kw_only=True)
class PackedMember:
    """All that a request reads of a member, as its release saw it."""

    member_id: MemberId
    as_of: datetime
    vector: Vectors
    """float32 (features,): the member's encoded features in the release's order."""
    candidate_ids: tuple[ProductId, ...]
    candidate_values: Vectors
    """float32 (candidates, fields)."""
    recent_product_ids: tuple[ProductId, ...]
    recent_ordered_days: tuple[float, ...]
    """Days since the epoch, newest first."""
    texts: tuple[str, ...]
    """The member's text features in declared order; empty where there is none."""
    coupon_ids: tuple[str, ...] = ()
    coupon_values: Vectors = field(default_factory=_no_values)
    """float32 (coupons, fields)."""
    tags: tuple[str, ...] = ()
    """Sorted; none is empty."""
    bought_marks: Marks = field(default_factory=_no_marks)
    """uint32 (products,): `mark_of` each product that the member bought and that is no candidate."""


def mark_of(product_id: str) -> int:
    """A product's id as a number of 32 bits. Two ids of a hundred thousand share one now and then, which is why marks
    only ever leave a product out."""
    return zlib.crc32(product_id.encode("utf-8", "surrogatepass"))


def pack(member: PackedMember) -> bytes:
    """The member's row without its id. Raises Refused when an id or a text holds a NUL."""
    texts = (*member.candidate_ids, *member.recent_product_ids, *member.texts, *member.coupon_ids, *member.tags)
    joined = _SEPARATOR.join(texts)
    if joined.count(_SEPARATOR) != max(0, len(texts) - 1):
        raise Refused(f"online store: an id or a text of member {member.member_id} holds a NUL character")
    header = _HEADER.pack(
        _MAGIC,
        0,
        (member.as_of - _UNIX_EPOCH) // _MICROSECOND,
        len(member.vector),
        *_shape(member.candidate_ids, member.candidate_values),
        len(member.recent_product_ids),
        len(member.texts),
        *_shape(member.coupon_ids, member.coupon_values),
        len(member.bought_marks),
    )
    body = b"".join(
        (
            header[_CHECKED_FROM:],
            np.asarray(member.recent_ordered_days, dtype="<f8").tobytes(),
            np.asarray(member.vector, dtype="<f4").tobytes(),
            np.asarray(member.candidate_values, dtype="<f4").tobytes(),
            np.asarray(member.coupon_values, dtype="<f4").tobytes(),
            np.asarray(member.bought_marks, dtype="<u4").tobytes(),
            joined.encode(),
        )
    )
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def unpack(member_id: MemberId, row: bytes) -> PackedMember:
    """The member as it was packed; its arrays are read-only views of `row`.

    Raises StoreUnavailable when the row is cut short, changed or of another form.
    """
    if len(row) < _HEADER.size or not row.startswith(_MAGIC):
        raise StoreUnavailable(f"online store: the row of member {member_id} is of another form; run `faces release`")
    _, checksum, as_of, vector, candidates, fields, recent, texts, coupons, coupon_fields, marks = _HEADER.unpack_from(
        row
    )
    if zlib.crc32(memoryview(row)[_CHECKED_FROM:]) != checksum:
        raise StoreUnavailable(f"online store: the row of member {member_id} is damaged; run `faces release`")
    start = _HEADER.size + 8 * recent
    floats = vector + candidates * fields + coupons * coupon_fields
    values = np.frombuffer(row, dtype="<f4", count=floats, offset=start)
    end_of_marks = start + 4 * (floats + marks)
    words = row[end_of_marks:].decode().split(_SEPARATOR)
    # The names of ids are given, not checked: `cast` costs nothing, a conversion of 300 ids would.
    ids = cast("list[ProductId]", words)
    end_of_values = vector + candidates * fields
    end_of_recent = candidates + recent
    end_of_texts = end_of_recent + texts
    end_of_coupons = end_of_texts + coupons
    return PackedMember(
        member_id=member_id,
        as_of=_UNIX_EPOCH + as_of * _MICROSECOND,
        vector=values[:vector],
        candidate_ids=tuple(ids[:candidates]),
        candidate_values=values[vector:end_of_values].reshape(candidates, fields),
        recent_product_ids=tuple(ids[candidates:end_of_recent]),
        recent_ordered_days=tuple(np.frombuffer(row, dtype="<f8", count=recent, offset=_HEADER.size).tolist()),
        texts=tuple(words[end_of_recent:end_of_texts]),
        coupon_ids=tuple(words[end_of_texts:end_of_coupons]),
        coupon_values=values[end_of_values:].reshape(coupons, coupon_fields),
        # what is left are tags; of a row without any text, one empty word
        tags=tuple(word for word in words[end_of_coupons:] if word),
        bought_marks=np.frombuffer(row, dtype="<u4", count=marks, offset=start + 4 * floats),
    )


def _shape(ids: Sequence[str], values: Vectors) -> tuple[int, int]:
    # Without rows there may be fields all the same, and nothing to tell them by.
    return len(ids), values.shape[1] if len(ids) else 0
