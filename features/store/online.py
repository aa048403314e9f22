"""The online rows: written whole for a release, read one member at a time or many at once."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from feast import FeatureStore
from feast.errors import FeastError, FeatureViewNotFoundException
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types

from features.contracts.clock import from_days_since_epoch
from features.contracts.errors import StoreUnavailable
from features.contracts.ids import MemberId, ReleaseId
from features.contracts.settings import Settings
from features.feature_repo import registered
from features.groups.declaration import SNAPSHOT_AT
from features.store.embedded_rows import OnlineFiles, online_files
from features.store.online_rows import online_rows
from features.store.packed_member import PackedMember, pack, unpack
from features.store.packed_profile import MemberProfile, PackedProfile, unpack_profile

__all__ = [
    "OnlineFiles",
    "OnlineReader",
    "PackedMember",
    "are_online_rows_whole",
    "identity_key",
    "online_files",
    "ordered_moments",
    "publish_members",
    "remove_online",
]

ROWS_PER_WRITE = 250
"""Feast turns a batch into Python objects before it writes; small ones are faster and bound the memory."""

_PACKED = f"{registered.member_packed.name}:packed"
_PROFILE = f"{registered.member_profile.name}:profile"
_MEMBER_ID = f"{registered.member_identity.name}:member_id"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was written online for a release."""

    members: int
    bytes: int
    """Size of all rows in the store."""
    profiles: int = 0
    profile_bytes: int = 0
    """Size of the profiles, before the store puts anything around them."""


def are_online_rows_whole(settings: Settings, release_id: ReleaseId) -> bool:
    """Whether the release's rows were written to the end and are still there. Raises StoreUnavailable."""
    return online_rows(settings, release_id).are_whole()


def remove_online(settings: Settings, release_id: ReleaseId) -> None:
    """Removes a release's online rows. Raises StoreUnavailable."""
    online_rows(settings, release_id).remove()


def publish_members(
    settings: Settings,
    release_id: ReleaseId,
    members: Iterable[Sequence[PackedMember]],
    identities: pd.DataFrame,
    *,
    as_of: datetime,
    profiles: Iterable[Sequence[PackedProfile]] = (),
) -> Published:
    """What was written: every online row of a release, whole or not at all.

    `identities` has identity_key and member_id. Raises StoreUnavailable.
    """
    rows = online_rows(settings, release_id)
    written = packed_bytes = profiled = profile_bytes = 0
    try:
        with rows.writing() as store:
            for chunk in members:
                for start in range(0, len(chunk), ROWS_PER_WRITE):
                    frame = _member_frame(release_id, chunk[start : start + ROWS_PER_WRITE])
                    store.write_to_online_store(registered.member_packed.name, frame)
                    written += len(frame)
                    packed_bytes += sum(map(len, frame["packed"]))
            for profile_chunk in profiles:
                for start in range(0, len(profile_chunk), ROWS_PER_WRITE * 4):
                    frame = _profile_frame(release_id, profile_chunk[start : start + ROWS_PER_WRITE * 4], as_of=as_of)
                    store.write_to_online_store(registered.member_profile.name, frame)
                    profiled += len(frame)
                    profile_bytes += sum(map(len, frame["profile"]))
            for start in range(0, len(identities), ROWS_PER_WRITE * 20):
                frame = identities.iloc[start : start + ROWS_PER_WRITE * 20]
                frame = frame.assign(release_id=str(release_id), **{SNAPSHOT_AT: pd.Timestamp(as_of)})
                store.write_to_online_store(registered.member_identity.name, frame)
    except rows.failures as error:
        raise StoreUnavailable(f"online store: {rows.place} cannot be written ({error})") from error
    return Published(
        members=written,
        bytes=rows.stored_bytes(packed_bytes + profile_bytes),
        profiles=profiled,
        profile_bytes=profile_bytes,
    )


class OnlineReader:
    """Reads a release's rows; safe to share between threads.

    When the rows are replaced, the next read opens the new ones; a read under way ends on the old ones.
    """

    def __init__(self, settings: Settings, release_id: ReleaseId) -> None:
        self._release_id = str(release_id)
        self._rows = online_rows(settings, release_id)
        self._lock = threading.Lock()
        self._opened: tuple[Hashable, FeatureStore] | None = None

    def member(self, member_id: str) -> PackedMember | None:
        """The member's row, None when the release has none. Raises StoreUnavailable."""
        return self.members([member_id])[0]

    def members(self, member_ids: Sequence[str]) -> list[PackedMember | None]:
        """The rows of many members in the order asked for, None for one without. Raises StoreUnavailable."""
        rows = self._read(_PACKED, "member_id", member_ids)
        return [
            None if row is None else unpack(MemberId(member_id), row)
            for member_id, row in zip(member_ids, rows, strict=True)
        ]

    def profile(self, member_id: str) -> MemberProfile | None:
        """The member's profile, None when the release has none. Raises StoreUnavailable."""
        try:
            found = self._read(_PROFILE, "member_id", [member_id])[0]
        except FeatureViewNotFoundException:
            # a release of before there were profiles
            return None
        return None if found is None else unpack_profile(found)

    def are_known(self, member_ids: Sequence[str]) -> list[bool]:
        """Whether the release has a row of each. Raises StoreUnavailable."""
        try:
            found = self._read(_PROFILE, "member_id", member_ids)
        except FeatureViewNotFoundException:
            found = self._read(_PACKED, "member_id", member_ids)
        return [each is not None for each in found]

    def member_id(self, identity_key: str) -> MemberId | None:
        """The member behind a channel's id or a phone hash. Raises StoreUnavailable."""
        return self.member_ids([identity_key])[0]

    def member_ids(self, identity_keys: Sequence[str]) -> list[MemberId | None]:
        """The members behind many keys in the order asked for, None for an unknown one. Raises StoreUnavailable."""
        found = self._read(_MEMBER_ID, "identity_key", identity_keys)
        return [None if each is None else MemberId(each) for each in found]

    def _read(self, feature: str, key: str, values: Sequence[str]) -> list[Any]:
        # `Any`: a row's bytes or a text, as the view declares the feature. One field is what makes a read cheap:
        # Feast's cost grows with their number (docs/decisions/0013-one-packed-field.md).
        if not values:
            return []
        try:
            found = self._store().get_online_features(
                features=[feature],
                entity_rows={"release_id": [self._release_id] * len(values), key: values},
            )
            read: list[Any] = found.to_dict()[feature.partition(":")[2]]
        except (*self._rows.failures, FeastError, DecodeError, OSError) as error:
            if feature == _PROFILE and isinstance(error, FeatureViewNotFoundException):
                raise
            self._opened = None
            raise StoreUnavailable(f"online store: {self._rows.place} cannot be read ({error})") from error
        return read

    def _store(self) -> FeatureStore:
        edition = self._rows.edition()
        opened = self._opened
        if opened is None or opened[0] != edition:
            with self._lock:
                opened = self._opened
                if opened is None or opened[0] != edition:
                    opened = self._opened = (edition, self._rows.reading())
        return opened[1]


def identity_key(
    *,
    source: str | None = None,
    source_id: str | None = None,
    phone_hash: str | None = None,
    wechat_openid: str | None = None,
    card_no: str | None = None,
    old_member_id: str | None = None,
) -> str:
    """The key of `member_identity`: `id:SOURCE:SOURCE_ID`, `phone:STORED_HASH`, `openid:OPENID`, `card:NUMBER` (as
    `normalised_card` has it) or `member:OLD_ID`."""
    if phone_hash is not None:
        return f"phone:{phone_hash}"
    if wechat_openid is not None:
        return f"openid:{wechat_openid}"
    if card_no is not None:
        return f"card:{card_no}"
    if old_member_id is not None:
        return f"member:{old_member_id}"
    # A colon in a source must not make it the key of another source.
    escaped = str(source).replace("%", "%25").replace(":", "%3A")
    return f"id:{escaped}:{source_id}"


def ordered_moments(days: Iterable[float]) -> tuple[datetime, ...]:
    """The moments written as days since the epoch."""
    return tuple(from_days_since_epoch(day) for day in days)


def _profile_frame(release_id: ReleaseId, profiles: Sequence[PackedProfile], *, as_of: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "release_id": str(release_id),
            "member_id": [each.member_id for each in profiles],
            SNAPSHOT_AT: pd.Timestamp(as_of),
            "profile": [each.packed for each in profiles],
        }
    )


def _member_frame(release_id: ReleaseId, members: Sequence[PackedMember]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "release_id": str(release_id),
            "member_id": [member.member_id for member in members],
            SNAPSHOT_AT: [pd.Timestamp(member.as_of) for member in members],
            "packed": [pack(member) for member in members],
        }
    )
