"""A thousand damaged files: each is refused in words or its bad rows are rejected, and the last good state stays."""

import hashlib
import random
import shutil
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts.errors import FacesError
from features.contracts.settings import load_settings
from features.tables.load import load_shop
from features.tables.storage import current_tables

NOW = datetime(2018, 2, 1, tzinfo=UTC)
HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,amount"
LINES = [f"o{n},p{n % 7},2017-03-{n % 28 + 1:02} 10:00:00,{n % 3 + 1},pos,{n % 11},5.{n % 100:02}" for n in range(60)]
RECORDS = [
    "source,source_id,phone,joined_at,consent_sms",
    *(f"pos,{n},+155501000{n:02},2017-01-01,true" for n in range(11)),
]
TEXTS = {"order_lines": [HEADER, *LINES], "member_records": RECORDS}


def truncated(content, chance):
    return content[: chance.randrange(len(content))]


def bytes_changed(content, chance):
    changed = bytearray(content)
    for _ in range(chance.randint(1, 40)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def nothing_but_zeros(content, chance):
    at = chance.randrange(len(content))
    return content[:at] + b"\0" * chance.randint(1, 200) + content[at:]


def quotes_left_open(content, chance):
    at = chance.randrange(len(content))
    return content[:at] + b'"' * chance.choice((1, 3)) + content[at:]


def a_huge_field(content, chance):
    at = chance.randrange(len(content))
    return content[:at] + b"x" * chance.choice((70_000, 200_000, 3_000_000)) + content[at:]


def header_twice(content, chance):
    names = content.split(b"\n")[0].split(b",")
    names[chance.randrange(len(names))] = chance.choice((*names, b"", b"source_file", b"ORDER_ID"))
    return b",".join(names) + b"\n" + b"\n".join(content.split(b"\n")[1:])


def wrong_types(content, chance):
    lines = [*content.split(b"\n"), b""]
    odd = (b"-", b"NaN", b"1e400", b"-0", b"9999-99-99", "½".encode(), b"{}", b"' OR 1=1", b"\xf0\x9f", b"0x1", b"")
    for _ in range(chance.randint(1, 30)):
        row = chance.randrange(1, len(lines))
        cells = lines[row].split(b",")
        cells[chance.randrange(len(cells))] = chance.choice(odd)
        lines[row] = b",".join(cells)
    return b"\n".join(lines)


def another_encoding(content, chance):
    text = content.decode(errors="replace").replace("p1", "商品 é")
    return text.encode(
        chance.choice(("utf-16", "utf-16-le", "utf-32", "gb18030", "utf-8-sig", "big5", "utf-7")), "replace"
    )


def other_line_ends(content, chance):
    return content.replace(b"\n", chance.choice((b"\r", b"\r\n", b"\n\n", b"\x0b", b"\n\r\n")))


def ragged(content, chance):
    lines = content.split(b"\n")
    for _ in range(chance.randint(1, 5)):
        row = chance.randrange(len(lines))
        lines[row] = chance.choice((lines[row] + b",,," * 9, lines[row].split(b",")[0], b"", b",,,,,,,", b"\t;|"))
    return b"\n".join(lines)


def noise(content, chance):
    return chance.randbytes(chance.choice((0, 1, 3, 50, len(content))))


DAMAGES = (
    truncated,
    bytes_changed,
    nothing_but_zeros,
    quotes_left_open,
    a_huge_field,
    header_twice,
    wrong_types,
    another_encoding,
    other_line_ends,
    ragged,
    noise,
)


def damaged_csv(chance):
    table = chance.choice(tuple(TEXTS))
    content = "\n".join([*TEXTS[table], ""]).encode()
    for damage in chance.sample(DAMAGES, chance.choice((1, 1, 2))):
        content = damage(content, chance) if content else content
    return f"{table}.csv", content


def damaged_parquet(chance, folder):
    """Bytes of a Parquet file that is broken, or sound and of other types than the contract's."""
    names = HEADER.split(",")
    cells = list(zip(*(line.split(",") for line in LINES), strict=True))
    columns = dict(zip(names, (list(column) for column in cells), strict=True))
    wrong = chance.choice(names)
    columns[wrong] = chance.choice(
        (
            [float("nan")] * len(LINES),
            [True] * len(LINES),
            [{"a": 1}] * len(LINES),
            [[1, 2]] * len(LINES),
            [b"\xff\x00"] * len(LINES),
            [None] * len(LINES),
            [10**18] * len(LINES),
        )
    )
    file = folder / "whole.parquet"
    pq.write_table(pa.table(columns), file)
    content = file.read_bytes()
    file.unlink()
    damage = chance.choice((None, truncated, bytes_changed, noise))
    return "order_lines.parquet", damage(content, chance) if damage else content


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Settings of a shop that is loaded, and a copy of its home."""
    place = tmp_path_factory.mktemp("good")
    source = place / "source"
    source.mkdir()
    for table, lines in TEXTS.items():
        (source / f"{table}.csv").write_text("\n".join([*lines, ""]))
    settings = load_settings(home=place / "home", threads=1, secrets={"contact_key": "key of the tests"})
    load_into(settings, source)
    shutil.copytree(place / "home", place / "kept")
    return settings, place / "kept"


def load_into(settings, source):
    return load_shop(
        settings, source=source, with_synthetic_contacts=False, as_of=None, now=NOW, progress=lambda _: None
    )


def state_of(settings):
    """The version in use and the checksum of each of its files."""
    version = current_tables(settings.paths)
    return version.version, {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in version.folder.iterdir()
    }


def survive(good, folder, seed):
    """Loads one damaged file into the good shop; whether it was accepted."""
    settings, kept = good
    shutil.rmtree(settings.home, ignore_errors=True)
    shutil.copytree(kept, settings.home)
    before = state_of(settings)
    chance = random.Random(seed)
    delivered = folder / f"{seed}"
    delivered.mkdir()
    name, content = damaged_parquet(chance, folder) if seed % 5 == 0 else damaged_csv(chance)
    (delivered / name).write_bytes(content)
    try:
        load_into(settings, delivered)
    except FacesError as refused:
        words = str(refused)
    else:
        words = None
    finally:
        shutil.rmtree(delivered)
    if words is not None:
        assert words.strip(), seed
        assert state_of(settings) == before, seed
        return False
    version, sums = state_of(settings)
    assert sums["version.json"] != before[1]["version.json"] or version == before[0], seed
    return True


def test_damaged_files_are_refused_or_their_bad_rows_rejected(good, tmp_path):
    fates = [survive(good, tmp_path, seed) for seed in range(25)]
    assert set(fates) == {True, False}


@pytest.mark.slow
def test_a_thousand_damaged_files_never_end_in_a_traceback(good, tmp_path):
    accepted = sum(survive(good, tmp_path, seed) for seed in range(100, 1100))
    # a file whose damage is small is taken with its bad rows rejected: both ways must have been gone
    assert 50 < accepted < 950
