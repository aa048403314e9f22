"""The world of a build, over the records and the tables in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.ids import AudienceId
from features.contracts.settings import Settings
from serving.audiences.world import EarlierAudience, MemberList, ProductList
from serving.forgetting.watch import ForgottenWatch, open_watch
from serving.lists.known import Named, named_by
from serving.lists.renamed import Renamed
from serving.records.audience_members import SCHEMA, member_batches
from serving.records.audiences import find_audience
from serving.records.exported_members import exported_since
from serving.records.id_lists import IdList, ListKind, entries_of, find_list
from serving.records.opening import Records
from training.protocol import Ids


@dataclass(frozen=True, kw_only=True)
class AudienceWorld:
    """Earlier audiences, uploaded lists and exports of one shop."""

    records: Records
    settings: Settings

    def audience(self, audience_id: str) -> EarlierAudience | None:
        """An audience in whatever state; None when there is none of that id, and for a dry run: it has no members."""
        with self.records.reading() as transaction:
            found = find_audience(transaction, AudienceId(audience_id))
        if found is None or found.is_dry_run:
            return None
        columns = ("member_id", "is_held_out")
        members = pa.Table.from_batches(
            member_batches(self.records, found.audience_id, columns),
            pa.schema([SCHEMA.field(name) for name in columns]),
        )
        held_out = members.column("is_held_out")
        return EarlierAudience(
            audience_id=audience_id,
            state=found.state.value,
            member_ids=self._of_now(members.filter(pc.invert(held_out)).column("member_id").to_pylist()),
            held_out_ids=self._of_now(members.filter(held_out).column("member_id").to_pylist()),
        )

    def member_list(self, list_id: str) -> MemberList | None:
        """A list of members; None when there is none of that id, or when it lists products."""
        found = self._list(list_id)
        if found is None or found.kind is ListKind.PRODUCT_ID:
            return None
        named = self._named(found)
        return MemberList(
            list_id=list_id,
            kind="phone_hash" if found.kind is ListKind.PHONE_HASH else "member_id",
            member_ids=named.ids,
            unknown=named.unknown,
        )

    def product_list(self, list_id: str) -> ProductList | None:
        """A list of products; None when there is none of that id, or when it lists members."""
        found = self._list(list_id)
        if found is None or found.kind is not ListKind.PRODUCT_ID:
            return None
        named = self._named(found)
        return ProductList(list_id=list_id, product_ids=named.ids, unknown=named.unknown)

    def exported_since(self, moment: datetime) -> Ids:
        """str (members,): members that an export handed over at `moment` or later, each once."""
        with self.records.reading() as transaction:
            found = exported_since(transaction, moment)
        return self._of_now(found)

    def forgotten(self, member_ids: Ids) -> npt.NDArray[np.bool_]:
        """bool (member_ids,): members who asked to be forgotten, as the records stand now."""
        self._watch.look()
        return self._watch.members_gone(member_ids)

    @cached_property
    def _watch(self) -> ForgottenWatch:
        return open_watch(self.settings, self.records)

    def _of_now(self, ids: Sequence[str]) -> Ids:
        # who was told under an id that has been merged since is told, whatever the id is now
        return self._renamed.of_now(np.asarray(ids, dtype=np.str_))

    @cached_property
    def _renamed(self) -> Renamed:
        return Renamed(self.settings)

    def _list(self, list_id: str) -> IdList | None:
        with self.records.reading() as transaction:
            return find_list(transaction, list_id)

    def _named(self, found: IdList) -> Named:
        with self.records.reading() as transaction:
            entries = entries_of(transaction, found.list_id)
        return named_by(self.settings, found.kind, entries, are_gone=self.forgotten)
