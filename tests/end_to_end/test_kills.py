"""kill -9 at any moment: of the service's processes, and of every command that writes."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from processes import is_dead, is_free

from features.groups.catalogue import GROUPS
from features.snapshots import current_build
from features.tables.storage import current_tables
from training.affinity.model_files import load_affinity
from training.propensity.model import load_propensity
from training.release.manifest import verify
from training.release.shelf import active_release, release_folder, release_ids
from training.tracking import open_tracking

SEED = 20171231
EMPTY = ("member_facts", "member_advocacy")
"""Groups of what the default data does not tell."""

pytestmark = pytest.mark.slow


def require_never_half(service, places):
    """Every audience has all of its members and its report, or neither."""
    for place in places:
        answer = service.send("GET", f"{place}/members")
        if answer.status_code != 200:
            assert service.send("GET", f"{place}/curve").status_code == 409
            continue
        size = service.send("GET", place).json()["summary"]["size"]
        counts = dict(each.split("=") for each in answer.headers["faces-counts"].split(", "))
        manifest = service.send("GET", f"{place}/manifest").json()["manifest"]
        assert int(counts["audience"]) == size == manifest["counts"]["chosen"]
        ranks = [int(row["rank"]) for row in csv.DictReader(io.StringIO(answer.text))]
        assert len(ranks) == int(counts["leaving"])
        assert ranks == sorted(set(ranks))
        assert ranks[-1] <= size


def ask_for_audiences(service, number):
    body = {"target": {"category": "SOFT DRINKS"}}
    return [service.send("POST", "/v1/audiences", body).headers["location"] for _ in range(number)]


def test_a_killed_server_is_back_in_seconds_with_the_same_answers(shop, serve, until):
    with serve(shop) as service:
        before = service.recommend({"member_id": "1"})["items"]
        server = service.child("server")
        server.kill()
        until(lambda: service.is_ready() and service.child("server").pid != server.pid)
        assert service.recommend({"member_id": "1"})["items"] == before


def test_audiences_of_a_killed_worker_are_built_to_the_end_and_never_half(shop, serve, until):
    with serve(shop) as service, service.hammer().asking() as hammer:
        until(lambda: service.child("worker"))
        places = ask_for_audiences(service, 6)
        for _ in range(2):
            until(lambda: any(service.send("GET", place).json()["state"] == "running" for place in places))
            service.child("worker").kill()
            require_never_half(service, places)
            until(lambda: service.child("worker"))
        built = [service.built_audience(place) for place in places]
        assert [audience["state"] for audience in built] == ["done"] * 6
        assert len({audience["summary"]["size"] for audience in built}) == 1
        require_never_half(service, places)
    hammer.require_every_answer()


def test_a_killed_supervisor_takes_all_with_it_and_the_next_one_goes_on(shop, serve, until):
    with serve(shop) as service:
        until(lambda: service.child("worker"))
        children = [service.child("server"), service.child("worker")]
        places = ask_for_audiences(service, 3)
        service.process.kill()
        service.process.wait()
        until(lambda: all(is_dead(child) for child in children))
        until(lambda: is_free(int(service.url.rsplit(":")[-1])))
    with serve(shop) as service:
        assert [service.built_audience(place)["state"] for place in places] == ["done"] * 3
        require_never_half(service, places)


def another_source(shop):
    """Other files to load: the last transaction of the year is missing."""
    folder = shop.home.parent / "journey"
    shutil.copytree(shop.source, folder)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * FROM '{shop.source}/transactions.parquet' WHERE transaction_timestamp < "
            f"(SELECT max(transaction_timestamp) FROM '{shop.source}/transactions.parquet')) "
            f"TO '{folder}/transactions.parquet' (FORMAT parquet)"
        )
    return folder


def load(shop):
    return ("load", "--from", str(another_source(shop)), "--with-synthetic-contacts")


def features(shop):
    shutil.rmtree(shop.home / "main/features")
    return ("features",)


def train(_shop):
    return ("train",)


def release(_shop):
    return ("release",)


def kill_in_the_middle(shop, arguments, *, after):
    """Runs a command and kills it with all it started; whether it was still running."""
    command = [sys.executable, "-m", "serving.cli.main", *arguments]
    process = subprocess.Popen(
        command, env=shop.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.wait(after) is None
    except subprocess.TimeoutExpired:
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def rows_in(file):
    with duckdb.connect() as con:
        return con.execute("SELECT count(*) FROM read_parquet($file)", {"file": str(file)}).fetchone()[0]


def require_sound_pointers(shop):
    """What the pointers name is whole."""
    paths = shop.settings.paths
    tables = current_tables(paths)
    assert {table: rows_in(tables.file(table)) for table in tables.counts} == dict(tables.counts)
    if (paths.features / "current").exists():
        build = current_build(paths)
        for group in GROUPS.values():
            moments = build.moments if group.is_weekly else [build.as_of]
            has_rows = group.name not in EMPTY
            assert all((rows_in(build.snapshot(group, moment)) > 0) is has_rows for moment in moments)
    assert verify(release_folder(paths, active_release(paths))).release_id == active_release(paths)


def require_nothing_half_written(shop):
    """No leftover anywhere; every release and every registered model is whole."""
    require_sound_pointers(shop)
    assert [str(file) for file in Path(shop.home).rglob(".partial-*")] == []
    paths = shop.settings.paths
    for release_id in release_ids(paths):
        manifest = verify(release_folder(paths, release_id))
        # members, and the ways to name them, without a journal beside
        assert sorted(each.name for each in paths.online.glob(f"{release_id}.*")) == [
            *(f"{release_id}.db", f"{release_id}.registry.db")
        ]
        assert manifest.members == 250
    assert {each.name.split(".")[0] for each in paths.online.iterdir()} == set(release_ids(paths))
    tracking = open_tracking(shop.settings)
    for version in tracking.versions("product_affinity"):
        load_affinity(tracking.folder_of(version))
    for version in tracking.versions("purchase_propensity"):
        load_propensity(tracking.folder_of(version))
    experiments = [each.experiment_id for each in tracking.client.search_experiments()]
    assert tracking.client.search_runs(experiments, "attributes.status = 'RUNNING'") == []


@pytest.mark.parametrize(
    ("command", "moments"),
    [(load, (2.0, 3.5, 5.0)), (features, (5.0, 12.0, 25.0)), (train, (8.0, 18.0)), (release, (4.0, 6.5, 9.0))],
    ids=["load", "features", "train", "release"],
)
def test_a_killed_command_leaves_nothing_half_written_and_works_the_next_time(shop, serve, command, moments):
    chance = random.Random(SEED)
    arguments = command(shop)
    with serve(shop) as service, service.hammer().asking() as hammer:
        killed = []
        for moment in moments:
            killed.append(kill_in_the_middle(shop, arguments, after=moment * chance.uniform(0.6, 1.4)))
            require_sound_pointers(shop)
        assert any(killed)
        ended = shop.faces(*arguments, check=False)
        assert ended.returncode == 0, ended.stderr
        require_nothing_half_written(shop)
        answered = sum(hammer.statuses.values())
        time.sleep(1.5)
        assert service.recommend({"member_id": "1"})["fallback"] is None
        assert sum(hammer.statuses.values()) > answered
    hammer.require_every_answer()
    assert json.loads((shop.home / "main/releases/active").read_text())["release_id"] == hammer.releases[-1]
