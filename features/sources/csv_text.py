"""The outer form of a CSV file: its encoding, its delimiter and the names in its first line."""

from __future__ import annotations

import codecs
import csv
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from features.contracts.errors import Refused

UTF_8, GB18030, UTF_16 = "utf-8", "gb18030", "utf-16"
DELIMITERS = (",", ";", "\t", "|")
TRANSCODED = "transcoded-"
"""Beginning of the name of a file that was written anew in UTF-8; removed as soon as it has been read."""

_CHUNK = 1 << 22
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True, kw_only=True)
class CsvReading:
    """How CSV files are to be read, and where one in another encoding is written anew."""

    encoding: str = "auto"
    delimiter: str = "auto"
    spill: Path | None = None


@dataclass(frozen=True, kw_only=True)
class CsvText:
    """A CSV file in UTF-8, as DuckDB reads it."""

    file: Path
    delimiter: str
    header: tuple[str, ...]


def csv_text(file: Path, reading: CsvReading, *, label: str) -> CsvText:
    """The file as UTF-8 with what its first line says. Raises Refused when it cannot be read."""
    encoding = _encoding(file, label) if reading.encoding == "auto" else reading.encoding
    try:
        if encoding == UTF_8 and reading.encoding != "auto":
            _read_through(file, UTF_8)
        readable = file if encoding == UTF_8 else _transcoded(file, encoding, reading, label)
        return _with_header(readable, reading.delimiter, label)
    except UnicodeError as error:
        raise _unreadable(label, f"it is not valid {encoding.upper()}") from error


def _encoding(file: Path, label: str) -> str:
    """UTF-16 by its mark, UTF-8 where the whole file is valid, else GB18030. Raises Refused when it is none of them."""
    with file.open("rb") as content:
        mark = content.read(2)
    for encoding in (UTF_16,) if mark in _UTF_16_MARKS else (UTF_8, GB18030):
        try:
            _read_through(file, encoding)
        except UnicodeError:
            continue
        return encoding
    raise _unreadable(label, "it is neither valid UTF-8 nor GB18030")


def _read_through(file: Path, encoding: str) -> None:
    for _ in _texts(file, encoding):
        pass


def _texts(file: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _transcoded(file: Path, encoding: str, reading: CsvReading, label: str) -> Path:
    if reading.spill is None:
        raise Refused(
            f"{label}: it is {encoding.upper()} and there is no place to write it anew; hand it over in UTF-8"
        )
    reading.spill.mkdir(parents=True, exist_ok=True)
    target = reading.spill / f"{TRANSCODED}{uuid.uuid4().hex}.csv"
    # it may hold phone numbers: nobody else may read it while it is there
    target.touch(mode=0o600)
    with target.open("wb") as utf_8:
        for text in _texts(file, encoding):
            utf_8.write(text.encode())
    return target


def _with_header(file: Path, delimiter: str, label: str) -> CsvText:
    chosen = _delimiter(file) if delimiter == "auto" else delimiter
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines, delimiter=chosen), [])
    except csv.Error as error:
        raise _unreadable(label, str(error)) from error
    if not names:
        raise Refused(f"{label}: the file is empty; its first line must name the columns")
    header = tuple(name.strip() for name in names)
    shown = ", ".join(header) if len(", ".join(header)) < 500 else f"{len(header)} names"
    if not all(header) or len({name.casefold() for name in header}) < len(header):
        raise Refused(f"{label}: the first line must name each column once (found: {shown}); mend it")
    return CsvText(file=file, delimiter=chosen, header=header)


def _delimiter(file: Path) -> str:
    """The commonest of the usual delimiters in the first line, outside of quotes; a comma when there is none."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        first = lines.readline(_LONGEST_HEADER)
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def _unreadable(label: str, why: str) -> Refused:
    return Refused(f"{label}: cannot be read ({why}); hand over an undamaged file")
