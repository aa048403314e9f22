"""Exports in words: who takes a file, what stands in it, and what became of those who stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from features.contracts.destination_settings import DestinationSettings
from serving.auth import list_keys
from serving.console.visit import Reader
from serving.console.words.rule import channel_word
from serving.exports.made import MadeExport
from serving.exports.request import CONTACT_COLUMNS, DEFAULT_COLUMNS, MEMBER_COLUMNS
from serving.records.opening import Records

ORDER = ("sms", "wechat", "email")

USER = "user:"
"""Before the name of a user, where an audit says who it was."""


@dataclass(frozen=True, kw_only=True)
class DestinationWords:
    """A receiver of the settings."""

    name: str
    title: str
    """What kind of contact it takes."""
    file: str
    """What stands in its file."""
    needs_name: bool
    """Whether another has the same title."""


@dataclass(frozen=True, kw_only=True)
class ColumnWords:
    """A column that can be chosen."""

    name: str
    title: str
    is_chosen: bool
    channel: str | None = None
    """Only with this channel's consent."""


@dataclass(frozen=True, kw_only=True)
class ExportLine:
    """An export that was made."""

    at: datetime
    who: str
    what: str
    channel: str
    rows: int | None


def destination_words(
    destinations: Mapping[str, DestinationSettings], reader: Reader, *, first: str | None = None
) -> list[DestinationWords]:
    """Who takes contacts, by the settings: those of the channel `first` before the others, hashed ones last."""
    titles = {name: _taken(each, reader) for name, each in destinations.items()}
    times = Counter(titles.values())
    return [
        DestinationWords(name=name, title=titles[name], file=_file(each, reader), needs_name=times[titles[name]] > 1)
        for name, each in sorted(
            destinations.items(),
            key=lambda named: (named[1].channel != first, named[1].hashed, ORDER.index(named[1].channel), named[0]),
        )
    ]


def _taken(destination: DestinationSettings, reader: Reader) -> str:
    say = reader.language.say
    is_hashed = destination.hashed != "no"
    match destination.channel:
        case "sms":
            return (
                say("Hashed phone numbers, for an advertising platform")
                if is_hashed
                else say("Phone numbers, for a sender of text messages")
            )
        case "email":
            return (
                say("Hashed e-mail addresses, for an advertising platform")
                if is_hashed
                else say("E-mail addresses, for a sender of e-mails")
            )
        case "wechat":
            return say("Hashed WeChat openids") if is_hashed else say("WeChat openids, for the mini program's messages")


def _file(destination: DestinationSettings, reader: Reader) -> str:
    columns = ", ".join([destination.column, *destination.also])
    return reader.language.say("CSV with the columns: %(columns)s", columns=columns)


def column_words(reader: Reader) -> list[ColumnWords]:
    """The columns of a file for oneself, contacts last."""
    say = reader.language.say
    titles = {
        "rank": say("Place in the order (1 is the likeliest)"),
        "member_id": say("Member id"),
        "probability": say("Chance"),
        "expected_revenue": say("Expected sales"),
        "coupon_id": say("Best coupon"),
        "drivers": say("What speaks for the member (for analysts)"),
        "phone": say("Phone number"),
        "email": say("E-mail address"),
        "wechat_openid": say("WeChat openid"),
    }
    own = [ColumnWords(name=name, title=titles[name], is_chosen=name in DEFAULT_COLUMNS) for name in MEMBER_COLUMNS]
    contacts = [
        ColumnWords(name=name, title=titles[name], is_chosen=False, channel=channel)
        for channel, name in CONTACT_COLUMNS.items()
    ]
    return [*own, *contacts]


def export_lines(
    made: Sequence[MadeExport],
    records: Records,
    destinations: Mapping[str, DestinationSettings],
    reader: Reader,
) -> list[ExportLine]:
    """The exports of an audience."""
    keys = {each.key_id: each.name for each in list_keys(records)} if made else {}
    titles = {each.name: each.title for each in destination_words(destinations, reader)}
    table = reader.language.say("A table to look at or to work with")
    return [
        ExportLine(
            at=each.at,
            who=each.who.removeprefix(USER) if each.who.startswith(USER) else keys.get(each.who, each.who),
            what=table if each.destination is None else titles.get(each.destination, each.destination),
            channel=channel_word(each.channel, reader),
            rows=each.rows,
        )
        for each in made
    ]
