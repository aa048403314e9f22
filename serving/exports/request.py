"""What an export is asked for, checked: format, columns, and the channel or destination that takes the contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from features.contracts.destination_settings import DestinationSettings
from features.contracts.errors import BadRequest
from serving.audiences.rule import Channel

Format = Literal["csv", "jsonl", "parquet"]

MEMBER_COLUMNS = ("rank", "member_id", "probability", "expected_revenue", "coupon_id", "drivers")
DEFAULT_COLUMNS = ("rank", "member_id", "probability")
CONTACT_COLUMNS: dict[Channel, str] = {"sms": "phone", "email": "email", "wechat": "wechat_openid"}
CONTACTS_ARE = "contacts"
"""Column that says of each row whether its contact data was generated; only where some was."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """An export that can be made."""

    format: Format
    columns: tuple[str, ...]
    """In the order of the file; columns of MEMBER_COLUMNS, and at most one contact."""
    channel: Channel | None
    """Whose consent is asked; None: consent to at least one channel, and no contact leaves."""
    destination_name: str | None
    contact: DestinationSettings | None
    """How the contact is written; None: no contact leaves."""
    has_header: bool
    bom: bool

    @property
    def contact_column(self) -> str | None:
        return None if self.contact is None else self.contact.column


def export_request(
    *,
    format_: Format | None,
    columns: Sequence[str],
    channel: Channel | None,
    destination: str | None,
    bom: bool | None,
    destinations: Mapping[str, DestinationSettings],
    audience_channel: Channel | None,
) -> ExportRequest:
    """The export asked for. Raises BadRequest."""
    if destination is not None:
        return _for_destination(destination, destinations, format_=format_, columns=columns, channel=channel, bom=bom)
    channel = channel or audience_channel
    chosen = tuple(columns) or DEFAULT_COLUMNS
    contact = None if channel is None else CONTACT_COLUMNS[channel]
    for name in chosen:
        if name not in MEMBER_COLUMNS and name != contact:
            raise BadRequest(f"columns: {_why_not(name)}")
    if len(set(chosen)) < len(chosen):
        raise BadRequest(f"columns: {','.join(chosen)[:200]} names one of them twice")
    if bom and format_ not in (None, "csv"):
        raise BadRequest(f"bom: a byte order mark belongs to csv, not to {format_}")
    return ExportRequest(
        format=format_ or "csv",
        columns=chosen,
        channel=channel,
        destination_name=None,
        contact=_as_known(channel, contact) if contact in chosen else None,
        has_header=True,
        bom=bool(bom),
    )


def _as_known(channel: Channel | None, column: str | None) -> DestinationSettings:
    return DestinationSettings.model_validate({"channel": channel, "column": column})


def _for_destination(
    name: str,
    destinations: Mapping[str, DestinationSettings],
    *,
    format_: Format | None,
    columns: Sequence[str],
    channel: Channel | None,
    bom: bool | None,
) -> ExportRequest:
    found = destinations.get(name)
    if found is None:
        raise BadRequest(f"destination: there is no '{name[:50]}'; there are {', '.join(sorted(destinations))}")
    if columns or format_ not in (None, "csv"):
        raise BadRequest(f"destination: '{name}' declares its own columns and is csv; leave out columns and format")
    if channel not in (None, found.channel):
        raise BadRequest(f"channel: '{name}' takes contacts of {found.channel}, not of {channel}; leave channel out")
    return ExportRequest(
        format="csv",
        columns=(found.column, *found.also),
        channel=found.channel,
        destination_name=name,
        contact=found,
        has_header=found.has_header,
        bom=found.bom if bom is None else bom,
    )


def _why_not(name: str) -> str:
    channel = next((each for each, column in CONTACT_COLUMNS.items() if column == name), None)
    if channel is not None:
        return f"'{name}' leaves only with channel={channel}, whose consent is asked then"
    return f"there is no '{name[:50]}'; there are {', '.join((*MEMBER_COLUMNS, *CONTACT_COLUMNS.values()))}"
