"""What commands print: tables, lines and progress bars."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

CONSOLE = Console(soft_wrap=True, highlight=False)

Report = Callable[[int, int, str], None]


@contextlib.contextmanager
def progress(what: str) -> Iterator[Report]:
    """A progress bar for as long as the block runs; on anything but a terminal it shows nothing."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=CONSOLE, transient=True, disable=not CONSOLE.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, every: int, step: str) -> None:
            bar.update(task, completed=done, total=every, description=f"{what}: {step}")

        yield report


def say(line: str) -> None:
    """Prints a line."""
    CONSOLE.print(line, markup=False)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table; numbers stand to the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for position, column in enumerate(columns):
        numeric = all(isinstance(row[position], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    CONSOLE.print(table)


def _shown(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
