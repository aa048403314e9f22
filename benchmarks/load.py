"""Time and memory of `faces load --from` on generated order lines.

`python -m benchmarks.load --lines 1000000`, from the repository's root. Three channels, ids with blanks, leading zeros
and Chinese, one line in fifty a return, one CSV file per million lines; everything is written to a folder that goes
afterwards. The load runs as a process of its own, whose peak of memory is the kernel's.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.processes import machine
from features.contracts.atomic import write_json
from serving.cli.screen import say, show_table

LINES_IN_FILE = 1_000_000
LINES_PER_MEMBER = 40
LINES_PER_ORDER = 4
PRODUCTS = 20_000
DAYS = 730


def main() -> None:
    """Runs the benchmark and prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="order lines")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=None, help="where the files and the shop go for a while")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file too")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="faces-load-", dir=asked.folder))
    try:
        written_bytes = write_lines(place / "source", lines=asked.lines)
        figures = measure_load(place, threads=asked.threads) | {"lines": asked.lines, "csv_bytes": written_bytes}
    finally:
        shutil.rmtree(place, ignore_errors=True)
    show_table("Load of order lines", ["what", "measured"], [[name, value] for name, value in figures.items()])
    say(f"on {machine()}")
    if asked.json is not None:
        write_json(asked.json, figures)


def write_lines(folder: Path, *, lines: int) -> int:
    """The bytes of the CSV files that now stand in `folder/order_lines`."""
    target = folder / "order_lines"
    target.mkdir(parents=True)
    con = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
    for number, first in enumerate(range(0, lines, LINES_IN_FILE)):
        file = target / f"part-{number:04d}.csv"
        con.execute(
            f"COPY ({_lines_sql(first, min(first + LINES_IN_FILE, lines), lines)}) TO '{file}' (FORMAT csv, HEADER)"
        )
    con.close()
    return sum(file.stat().st_size for file in target.iterdir())


def _lines_sql(first: int, last: int, lines: int) -> str:
    """Lines `first` up to before `last` of all; each value follows from the line's number alone."""
    members = max(lines // LINES_PER_MEMBER, 1)
    order = f"(i // {LINES_PER_ORDER})"
    channel = f"CAST(hash({order}) % 3 AS INTEGER)"
    product = f"(hash(i) % {PRODUCTS // LINES_PER_ORDER}) * {LINES_PER_ORDER} + i % {LINES_PER_ORDER}"
    return f"""
        SELECT printf('%012d', {order}) AS order_id,
               CASE WHEN i % 5 = 0 THEN '商品 ' ELSE 'sku ' END || ({product}) AS product_id,
               strftime(TIMESTAMP '2015-01-01' + to_seconds(({order} * 61) % ({DAYS} * 86400)), '%Y-%m-%d %H:%M:%S')
                   AS ordered_at,
               CASE WHEN i % 50 = 7 THEN -1 ELSE 1 + hash(i * 7) % 3 END AS quantity,
               ['pos', 'tmall', 'mini'][{channel} + 1] AS source,
               ['0', 'tm ', '会员'][{channel} + 1] || (hash({order} * 13) % {members}) AS source_id,
               printf('%.2f', (hash(i * 3) % 20000) / 100) AS amount,
               ['store', 'tmall', 'wechat'][{channel} + 1] AS channel
        FROM range({first}, {last}) AS numbers(i)
    """


def measure_load(place: Path, *, threads: int) -> dict[str, float | int]:
    """Seconds and peak memory of the whole process of one load."""
    environment = {
        **os.environ,
        "FACES_HOME": str(place / "home"),
        "FACES_THREADS": str(threads),
        "FACES_SECRETS__CONTACT_KEY": "key of the benchmark",
    }
    before = time.perf_counter()
    _run([sys.executable, "-m", "serving.cli.main", "load", "--from", str(place / "source")], environment)
    seconds = time.perf_counter() - before
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": used.ru_maxrss // 1024,
        "stored_bytes": sum(file.stat().st_size for file in (place / "home").rglob("*") if file.is_file()),
    }


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
