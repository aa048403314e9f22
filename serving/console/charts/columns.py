"""What the rows of a chart hold: the same columns name the axes and make the table beneath."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Form = Literal["number", "decimal", "money", "percent", "day", "weekday", "text"]
"""A weekday is a number, 1 for Monday."""

_AXIS_FORMATS: dict[Form, str] = {"number": ",~r", "decimal": ",.2~f", "money": "$,.2~f", "percent": ".1~%"}
_TOLD_FORMATS: dict[Form, str] = {"number": ",.0f", "decimal": ",.2~f", "money": "$,.2~f", "percent": ".1~%"}


@dataclass(frozen=True, kw_only=True)
class ChartColumn:
    """One field of a chart's rows."""

    name: str
    label: str
    """In the reader's language."""
    form: Form

    @property
    def counts(self) -> bool:
        """Whether its values are quantities, which stand at the right of a table."""
        return self.form in _TOLD_FORMATS

    @property
    def axis_format(self) -> str:
        """D3's format of an axis of this column, which counts; the reader's locale fills it."""
        return _AXIS_FORMATS[self.form]

    @property
    def told_format(self) -> str:
        """D3's format of one value of a column that counts."""
        return _TOLD_FORMATS[self.form]


Columns = tuple[ChartColumn, ...]


def named(columns: Columns, *, labels: Mapping[str, str], forms: Mapping[str, Form]) -> Columns:
    """The columns with a page's own labels and forms. Raises KeyError for a column that the chart has not."""
    for name in (*labels, *forms):
        if all(column.name != name for column in columns):
            raise KeyError(f"the chart has no column {name!r}; it has {', '.join(each.name for each in columns)}")
    return tuple(
        replace(column, label=labels.get(column.name, column.label), form=forms.get(column.name, column.form))
        for column in columns
    )
