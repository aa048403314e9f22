"""Takes ids into a list: reads them, counts what is known of them, stores each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.contracts.errors import BadRequest
from features.contracts.settings import Settings
from serving.lists.known import named_by
from serving.lists.reading import read_ids
from serving.records.id_lists import IdList, ListCounts, ListKind, extend_list, new_entries
from serving.records.opening import Transaction
from training.protocol import Ids

NAMES = {
    ListKind.MEMBER_ID: "a member's id",
    ListKind.PHONE_HASH: "the SHA-256 of a member's phone number",
    ListKind.PRODUCT_ID: "a product's id",
}


class Upload:
    """Ids that were given for a list: read and counted before any transaction begins."""

    def __init__(
        self,
        settings: Settings,
        kind: ListKind,
        values: Sequence[str],
        *,
        keyed: Callable[[str], str],
        are_gone: Callable[[Ids], npt.NDArray[np.bool_]] | None = None,
    ) -> None:
        self.kind = kind
        self._read = read_ids(values, kind, keyed=keyed)
        self._settings = settings
        self._are_gone = are_gone
        self._named = named_by(settings, kind, self._read.entries, are_gone=are_gone)

    def require_somebody(self) -> None:
        """Raises BadRequest, with counts, when not one of the ids is known."""
        if self._named.known == 0:
            raise BadRequest(
                f"body.ids: none of the {self._read.given} ids is {NAMES[self.kind]} that this shop knows "
                f"({self._read.malformed} malformed, {self._read.duplicates} given twice, "
                f"{self._named.unknown} unknown); see `kind`, and GET /v1/products?q= for ids of products"
            )

    def store(self, transaction: Transaction, list_id: str, *, at: datetime) -> IdList | None:
        """The list with these ids in it; None when there is no list of that id."""
        entries = new_entries(transaction, list_id, self._read.entries)
        known, unknown = self._named.known, self._named.unknown
        if len(entries) < len(self._read.entries):
            # some came with an earlier part: what is known must be counted over the others
            named = named_by(self._settings, self.kind, entries, are_gone=self._are_gone)
            known, unknown = named.known, named.unknown
        counts = ListCounts(
            given=self._read.given,
            malformed=self._read.malformed,
            duplicates=self._read.duplicates + len(self._read.entries) - len(entries),
            known=known,
            unknown=unknown,
        )
        return extend_list(transaction, list_id, entries, counts=counts, at=at)
