"""Counts what an export would do, without making it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from features.contracts.ids import AudienceId
from features.contracts.settings import Settings
from serving.exports.leaving import LeavingCounts
from serving.exports.request import ExportRequest
from serving.exports.writing import leaving_with
from serving.records.opening import Records


@dataclass(frozen=True, kw_only=True)
class ExportCounts:
    """Who would leave with an export."""

    counts: LeavingCounts
    has_synthetic: bool
    """Whether the shop's contacts are generated, or some of them."""


def count_export(settings: Settings, records: Records, audience_id: AudienceId, request: ExportRequest) -> ExportCounts:
    """Who would leave with this export if it were made now; nobody does, and nothing is audited.

    Contacts are not decrypted: a few may turn out to lack the destination's form when the file is written.
    Raises NothingLoaded.
    """
    with contextlib.closing(leaving_with(settings, records, audience_id, request, columns=())) as leaving:
        return ExportCounts(counts=leaving.counts, has_synthetic=leaving.has_synthetic)
