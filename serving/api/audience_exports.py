"""/v1/audiences/{id}/exports: the exports that were made of an audience, and who one would hand over."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from features.contracts.clock import moment_text
from serving.api.access import AudiencesKey, ExportKey, State
from serving.api.answering import failures, json_answer
from serving.api.audiences import ROUTE, PathId, known_audience
from serving.api.exports import ChannelWanted, ColumnsWanted, DestinationWanted, exportable, request_for
from serving.audiences.rule import Channel
from serving.exports.counting import count_export
from serving.exports.made import exports_of

router = APIRouter(tags=["audiences"])


class MadeExportAnswer(BaseModel):
    """An export that was begun."""

    id: str
    at: str
    who: str = Field(description="id of the key that asked for it, or the user")
    format: str
    columns: list[str]
    channel: str | None
    destination: str | None
    leaving: int = Field(description="members who were to leave when it began")
    rows: int | None = Field(description="rows of the whole file; null while it is written and when it was broken off")


class MadeExportsAnswer(BaseModel):
    """The exports of an audience, newest first."""

    id: str
    items: list[MadeExportAnswer]


class LeavingAnswer(BaseModel):
    """Members of an audience by what would become of them; the first reason that applies is counted."""

    audience: int
    held_out: int
    without_consent: int = Field(description="no contact with consent for the channel, or for any when none is asked")
    shared_with_held_out: int = Field(description="the same contact as somebody who is held out")
    duplicates: int = Field(description="the same contact as a likelier member")
    without_contact: int = Field(description="the contact is known by its hash only")
    leaving: int


class ExportCountsAnswer(BaseModel):
    """Who would leave with an export."""

    id: str
    channel: Channel | None = Field(description="whose consent was asked")
    contacts: str = Field(description="`synthetic` where the shop's contacts are generated")
    counts: LeavingAnswer


@router.get(ROUTE + "/{audience_id}/exports", response_model=MadeExportsAnswer, responses=failures(404))
def list_exports(state: State, _key: AudiencesKey, audience_id: PathId) -> Response:
    """List the exports that were made of an audience: when, by whom, for which channel, how many rows."""
    with state.records.reading() as transaction:
        audience = known_audience(transaction, audience_id)
        made = exports_of(transaction, audience.audience_id, since=audience.created_at)
    items = [
        {
            "id": each.export_id,
            "at": moment_text(each.at),
            "who": each.who,
            "format": each.format,
            "columns": list(each.columns),
            "channel": each.channel,
            "destination": each.destination,
            "leaving": each.leaving,
            "rows": each.rows,
        }
        for each in made
    ]
    return json_answer({"id": audience.audience_id, "items": items})


@router.get(ROUTE + "/{audience_id}/exports/counts", response_model=ExportCountsAnswer, responses=failures(404, 409))
def export_counts(
    state: State,
    _key: ExportKey,
    audience_id: PathId,
    columns: ColumnsWanted = None,
    channel: ChannelWanted = None,
    destination: DestinationWanted = None,
) -> Response:
    """Count who would leave with an export and why the others would stay; nobody leaves, nothing is audited."""
    audience = exportable(state, audience_id)
    request = request_for(
        audience, state, format_=None, columns=columns, channel=channel, destination=destination, bom=None
    )
    found = count_export(state.settings, state.records, audience.audience_id, request)
    return json_answer(
        {
            "id": audience.audience_id,
            "channel": request.channel,
            "contacts": "synthetic" if found.has_synthetic else "given",
            "counts": found.counts.to_json(),
        }
    )
