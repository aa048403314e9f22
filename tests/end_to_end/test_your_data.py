"""A shop of another trade: its files, as three systems export them, give recommendations and audiences."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from clothes_shop import GUIDE, KINDS, ClothesShop, write_clothes_shop

from features.contracts.settings import load_settings
from features.contracts.tables import CONTRACTS
from features.tables.load import load_shop
from features.tables.storage import current_tables

SMALL = {
    "FACES_THREADS": "1",
    "FACES_AFFINITY__FACTORS": "16",
    "FACES_RANKER__TRAIN_WEEKS": "[42]",
    "FACES_RANKER__ROUNDS": "20",
    "FACES_PROPENSITY__TRAIN_WEEKS": "[38, 42]",
    "FACES_PROPENSITY__TARGETS_PER_SNAPSHOT": "20",
    "FACES_PROPENSITY__ROUNDS": "30",
}
"""Smaller models, so that the test takes a minute or two."""


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> ClothesShop:
    return write_clothes_shop(tmp_path_factory.mktemp("clothes"))


def commands_of_the_guide() -> list[str]:
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in block.splitlines()
    ]


def run(line: str, shop: ClothesShop, home: Path) -> str:
    """What a line of the guide prints, run where the shop's files lie."""
    faces = f'"{sys.executable}" -m serving.cli.main'
    environment = {
        **os.environ,
        **SMALL,
        "FACES_HOME": str(home),
        "FACES_SETTINGS": "clothes.toml",
        "FACES_SERVING__PORT": str(_free_port()),
        "PYTHONPATH": str(GUIDE.parents[1]),
        "COLUMNS": "300",
    }
    command = re.sub(r"^faces ", lambda _: f"{faces} ", line)
    done = subprocess.run(
        ["bash", "-ec", command],
        env=environment,
        cwd=shop.folder.parent,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_files_of_three_channels_become_one_shop_of_members(
    clothes: ClothesShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACES_SETTINGS", str(clothes.settings_file))
    settings = load_settings(home=tmp_path, threads=1)
    assert settings.shop == "clothes"
    summary = load_shop(
        settings,
        source=clothes.folder,
        with_synthetic_contacts=False,
        as_of=None,
        now=datetime(2025, 4, 1, tzinfo=UTC),
        progress=lambda _step: None,
    )
    assert {table.name: (table.kept, table.rejected_total) for table in summary.tables} == {
        "products": (len(KINDS) * 5, 0),
        "stores": (2, 0),
        "member_records": (clothes.records, 0),
        "order_lines": (len(clothes.lines), 0),
    }
    assert summary.members == clothes.members < clothes.records
    tables = current_tables(settings.paths)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        file = str(tables.file("order_lines"))
        cents, first = con.execute(
            "SELECT round(sum(amount) * 100)::BIGINT, min(ordered_at) FROM read_parquet(?)", [file]
        ).fetchall()[0]
        names = con.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE name LIKE '%，%'", [str(tables.file("products"))]
        ).fetchall()[0][0]
    assert cents == sum(line.cents for line in clothes.lines)
    # Shanghai is eight hours ahead.
    assert first == min(line.at for line in clothes.lines).replace(tzinfo=UTC) - timedelta(hours=8)
    assert names == len(KINDS) * 5


def test_the_guide_names_every_table() -> None:
    shown = GUIDE.read_text(encoding="utf-8").split("## What each file switches on")[1].split("## ")[0]
    named = {name for row in re.findall(r"^\| ([a-z_, ]+) \|", shown, flags=re.MULTILINE) for name in row.split(", ")}
    assert named - {"file"} == set(CONTRACTS)


def test_the_links_of_the_guide_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", GUIDE.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_guide_goes_from_files_to_recommendations_and_an_audience_by_two_commands(
    clothes: ClothesShop, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shop = ClothesShop(
        folder=Path(shutil.copytree(clothes.folder, tmp_path / "export")),
        settings_file=Path(shutil.copy(clothes.settings_file, tmp_path / "clothes.toml")),
        people=clothes.people,
        lines=clothes.lines,
    )
    exported, loading, demo, audience, everybody, keys, again, batches = commands_of_the_guide()
    assert exported == "export FACES_SETTINGS=clothes.toml"
    assert f"{shop.records} persons of channels are {shop.members} members" in run(loading, shop, home)
    shown = run(f"{demo} --json demo.json", shop, home)
    told = json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))
    assert len(told["recommendation"]["items"]) == 10
    assert all(item["name"] for item in told["recommendation"]["items"])
    assert told["audience"]["summary"]["currency"] == "CNY"
    assert "already loaded" in shown
    assert "weeks are counted back from the end of the data" in shown

    run(f"{audience} --json audience.json", shop, home)
    summary = json.loads((tmp_path / "audience.json").read_text(encoding="utf-8"))
    assert summary["size"] == 20
    interval = summary["expected_buyers_interval"]
    assert 0 <= interval["low"] <= interval["expected"] <= interval["high"] <= 20
    assert 0 < summary["expected_buyers"] < 20
    likely = {each["member_id"] for each in summary["top_members"]}
    like_dresses = [person for person in shop.people if "连衣裙" in person.likes]
    who = {name for person in like_dresses for name in (person.pos, person.tmall, person.mini)}
    # One in five likes dresses; of the likeliest five, most do.
    assert len(likely & who) >= 3

    run(everybody, shop, home)
    lists = pq.read_table(tmp_path / "home.parquet")
    assert len(set(lists["member_id"].to_pylist())) == shop.members
    assert run(keys, shop, home).splitlines()[-1].startswith("tf_")
    assert "already loaded" in run(again, shop, home)
    assert "in use" in run(batches, shop, home)
