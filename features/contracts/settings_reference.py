"""The generated page of every setting: docs/settings.md."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from features.contracts.destination_settings import DestinationSettings
from features.contracts.load_settings import FileFormat, LoadSettings, ValueFormat
from features.contracts.scenario_settings import Boost, Exclusion, ScenarioSettings
from features.contracts.settings import PREFIX, Settings
from features.contracts.settings_files import SETTINGS_FILE
from features.contracts.tag_settings import TagSettings

INTRODUCTION = f"""\
# Settings

Generated from `features/contracts/settings.py` by `make docs`; do not edit.

Values stand in `settings.toml`; a file of the shop's own (`{SETTINGS_FILE}`) names only what differs, and has all of
`scenarios`, `destinations` or `tags` where it has any. Unknown keys are refused. The environment overrides one key at a
time: the key in capitals behind `{PREFIX}`, a section before two underscores.
"""

SCENARIOS = """\
One table for each place in an app that has recommendations; its name is free (lower-case letters, digits, `_`). The
running service takes a change of these tables within seconds, and keeps the last good ones when they are wrong."""

TAGS = """\
One table for each tag; its name is free (lower-case letters, digits, `_`). `faces features` computes them anew when the
tables have changed, and `faces tags` prints how many members have each."""

DESTINATIONS = """\
One table for each receiver of exported contacts; its name is free (lower-case letters, digits, `_`)."""


def settings_page() -> str:
    """The page as Markdown: one table per section."""
    top = {name: field for name, field in Settings.model_fields.items() if _section(field) is None}
    del top["tags"], top["scenarios"], top["destinations"]
    parts = [INTRODUCTION, _table("Top level", "", top)]
    for name, field in Settings.model_fields.items():
        section = _section(field)
        if section is not None:
            parts.append(_table(f"[{name}]", f"{name}__", section.model_fields, sentence=section.__doc__ or ""))
            if section is LoadSettings:
                head = " ".join((ValueFormat.__doc__ or "").split())
                parts.append(_table("[load.format]", "load__format__", FileFormat.model_fields, sentence=head))
    parts += [_tags(), _scenarios(), _destinations()]
    return "\n".join(parts)


def _tags() -> str:
    head = f"{TAGS} {' '.join((TagSettings.__doc__ or '').split())}"
    return _table("[tags.NAME]", "tags__name__", TagSettings.model_fields, sentence=head)


def _scenarios() -> str:
    sentence = " ".join((ScenarioSettings.__doc__ or "").split())
    rules = " ".join(
        f"Of {what}, {', '.join(f'`{name}`: {field.description}' for name, field in rule.model_fields.items())}."
        for what, rule in (("a boost", Boost), ("an exclusion", Exclusion))
    )
    head = f"{SCENARIOS} {sentence}\n\n{rules}"
    return _table("[scenarios.NAME]", "scenarios__name__", ScenarioSettings.model_fields, sentence=head)


def _destinations() -> str:
    head = f"{DESTINATIONS} {' '.join((DestinationSettings.__doc__ or '').split())}"
    return _table("[destinations.NAME]", "destinations__name__", DestinationSettings.model_fields, sentence=head)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(title: str, prefix: str, fields: dict[str, FieldInfo], *, sentence: str = "") -> str:
    rows = [
        f"| `{name}` | `{PREFIX}{(prefix + name).upper()}` | {field.description} |" for name, field in fields.items()
    ]
    head = ["| key | environment | meaning |", "| --- | --- | --- |"]
    return "\n".join([f"## {title}", "", *([sentence, ""] if sentence else []), *head, *rows, ""])
