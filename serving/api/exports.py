"""GET /v1/audiences/{id}/members: who of an audience may be told, as a file; and which destinations take one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from serving.api.access import ExportKey, State
from serving.api.answering import failures, failures_beside_a_file, json_answer
from serving.api.audiences import ROUTE, PathId, finished_audience
from serving.audiences.rule import AudienceRule, Channel
from serving.exports.formats import MEDIA_TYPES
from serving.exports.request import (
    CONTACT_COLUMNS,
    DEFAULT_COLUMNS,
    MEMBER_COLUMNS,
    ExportRequest,
    Format,
    export_request,
)
from serving.exports.writing import make_export
from serving.records.audiences import AudienceRecord
from serving.state import ServiceState

COUNTS = "Faces-Counts"
NOTICE = "Faces-Notice"
LONGEST_COLUMNS = 300

router = APIRouter(tags=["audiences"])

ColumnsWanted = Annotated[
    str | None,
    Query(
        max_length=LONGEST_COLUMNS,
        description=f"names with commas between, of {', '.join(MEMBER_COLUMNS)}; with a channel also its contact: "
        f"{', '.join(CONTACT_COLUMNS.values())}; default: {','.join(DEFAULT_COLUMNS)}",
    ),
]
ChannelWanted = Annotated[
    Channel | None, Query(description="whose consent is asked; default: the audience's channel, else any")
]
DestinationWanted = Annotated[
    str | None, Query(max_length=50, description="a receiver of the settings, with columns of its own")
]


class DestinationAnswer(BaseModel):
    """A receiver of exported contacts."""

    name: str
    channel: Channel
    columns: list[str]
    form: str
    hashed: str


class DestinationsAnswer(BaseModel):
    """Every destination of the settings."""

    items: list[DestinationAnswer]


class ExportStream(StreamingResponse):
    """A file that is written while it is read."""

    media_type = MEDIA_TYPES["csv"]


@router.get(
    ROUTE + "/{audience_id}/members",
    response_class=ExportStream,
    responses={
        200: {
            "description": "The members who may be told, the likeliest first",
            "content": {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()},
        },
        **failures_beside_a_file(404, 409),
    },
)
def export_members(
    state: State,
    key: ExportKey,
    audience_id: PathId,
    format_: Annotated[Format | None, Query(alias="format", description="default: csv")] = None,
    columns: ColumnsWanted = None,
    channel: ChannelWanted = None,
    destination: DestinationWanted = None,
    bom: Annotated[bool | None, Query(description="begin a csv with a byte order mark, for spreadsheets")] = None,
) -> Response:
    """Export the members of a finished audience who may be told.

    Members who are held out, who did not consent to the channel (to at least one, when none is named), or whose contact
    came before stay; ranks therefore have gaps. Whoever leaves counts as contacted from now on. Each export is audited.
    """
    audience = exportable(state, audience_id)
    request = request_for(
        audience, state, format_=format_, columns=columns, channel=channel, destination=destination, bom=bom
    )
    return export_stream(state, audience, request, who=key.key_id)


def exportable(state: ServiceState, audience_id: str) -> AudienceRecord:
    """The finished audience of that id. Raises NotFound and Conflict."""
    with state.records.reading() as transaction:
        return finished_audience(transaction, audience_id, what="an export")


def request_for(
    audience: AudienceRecord,
    state: ServiceState,
    *,
    format_: Format | None,
    columns: str | None,
    channel: Channel | None,
    destination: str | None,
    bom: bool | None,
) -> ExportRequest:
    """The export of an audience as it was asked for. Raises BadRequest."""
    return export_request(
        format_=format_,
        columns=[name.strip() for name in columns.split(",")] if columns else (),
        channel=channel,
        destination=destination,
        bom=bom,
        destinations=state.settings.destinations,
        audience_channel=AudienceRule.from_json(audience.rule).channel,
    )


def export_stream(state: ServiceState, audience: AudienceRecord, request: ExportRequest, *, who: str) -> ExportStream:
    """The file of an export, written while it is read."""
    export = make_export(state.settings, state.records, audience.audience_id, request, who=who, now=state.now)
    headers = {
        "Content-Disposition": f'attachment; filename="{export.file_name}"',
        COUNTS: ", ".join(f"{name}={count}" for name, count in export.counts.to_json().items()),
        **({NOTICE: export.notice} if export.notice else {}),
    }
    return ExportStream(export.pieces, headers=headers, media_type=export.media_type)


@router.get("/v1/destinations", response_model=DestinationsAnswer, responses=failures())
def list_destinations(state: State, _key: ExportKey) -> Response:
    """List who takes exported contacts, and in which form."""
    return json_answer(
        {
            "items": [
                {
                    "name": name,
                    "channel": each.channel,
                    "columns": [each.column, *each.also],
                    "form": each.form,
                    "hashed": each.hashed,
                }
                for name, each in sorted(state.settings.destinations.items())
            ]
        }
    )
