"""GET /v1/audiences/{id}/members: an audience's members as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from features.contracts.errors import Conflict
from features.contracts.ids import AudienceId
from serving.api.access import ExportKey, State
from serving.api.answering import failures_beside_a_file
from serving.api.audiences import ROUTE, PathId, known_audience
from serving.records.audience_members import member_lines
from serving.records.audiences import AudienceState
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records

COLUMNS = ("rank", "member_id", "probability")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

router = APIRouter(tags=["audiences"])


class CsvStream(StreamingResponse):
    """A CSV file that is written while it is read."""

    media_type = "text/csv"


@router.get(ROUTE + "/{audience_id}/members", response_class=CsvStream, responses=failures_beside_a_file(404, 409))
def export_members(state: State, key: ExportKey, audience_id: PathId) -> CsvStream:
    """Export the members of a finished audience as CSV: rank, member_id, probability.

    An id that a spreadsheet would take for a formula gets an apostrophe in front. Each export is audited.
    """
    at = state.now()
    with state.records.writing() as transaction:
        audience = known_audience(transaction, audience_id)
        if audience.state is not AudienceState.DONE:
            raise Conflict(f"this audience is {audience.state}; members can be exported once it is done")
        size = (audience.summary or {}).get("size")
        details = {"audience_id": audience.audience_id, "size": size}
        add_audit(transaction, AuditEntry(what="audience_exported", who=key.key_id, at=at, details=details))
    headers = {"Content-Disposition": f'attachment; filename="audience-{audience.audience_id}.csv"'}
    return CsvStream(csv_chunks(state.records, audience.audience_id), headers=headers)


def csv_chunks(records: Records, audience_id: AudienceId) -> Iterator[str]:
    """The file in pieces, its heading first; holds one piece in memory."""
    yield ",".join(COLUMNS) + "\r\n"
    for lines in member_lines(records, audience_id):
        text = io.StringIO()
        rows = ((rank, safe_for_spreadsheets(member_id), probability) for rank, member_id, probability in lines)
        csv.writer(text).writerows(rows)
        yield text.getvalue()


def safe_for_spreadsheets(text: str) -> str:
    """The text, with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
