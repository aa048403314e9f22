"""Runs and versions in a real MLflow on SQLite, in a folder of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from matplotlib.figure import Figure

from features.contracts.errors import NothingLoaded, WorseThanChampion
from features.contracts.settings import load_settings
from features.schema import feature_schema_hash
from training.promotion import promote
from training.tracking import Model, ModelVersion, TrackedRun, Tracking, open_tracking, save_lightgbm

AS_OF = datetime(2017, 12, 31, 5, 0, tzinfo=UTC)
AFFINITY: Model = "product_affinity"
PROPENSITY: Model = "purchase_propensity"


@dataclass(frozen=True)
class Row:
    source: str
    recall: float


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One database for the module: making its tables takes a second. Each test has a shop of its own in it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"):
            patch.setenv(name, "unset")  # restored afterwards: opening tracking sets them
        yield tmp_path_factory.mktemp("home")


@pytest.fixture
def tracking(home: Path, request: pytest.FixtureRequest) -> Tracking:
    opened = open_tracking(load_settings(home=home, shop="tests"))
    # A shop of the test's own over the same database.
    shop = f"s{zlib.crc32(request.node.name.encode())}"
    return Tracking(settings=opened.settings.model_copy(update={"shop": shop}), uri=opened.uri, client=opened.client)


def start(tracking: Tracking, model: Model = AFFINITY) -> AbstractContextManager[TrackedRun]:
    return tracking.run(
        model=model, as_of=AS_OF, features=["member_product__orders_365d"], params={"factors": 8}, tags={"why": "test"}
    )


def trained(tracking: Tracking, folder: Path, primary: float = 0.1, model: Model = AFFINITY) -> ModelVersion:
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text(json.dumps({"primary": primary}))
    with start(tracking, model) as run:
        run.metrics({"primary": primary, "primary_standard_error": 0.01})
        run.model(folder)
    return tracking.register(run)


def artifacts_of(tracking: Tracking, run: TrackedRun) -> Path:
    return Path(tracking.client.get_run(run.run_id).info.artifact_uri.removeprefix("file://"))


def test_a_run_keeps_what_it_was_given(tracking: Tracking) -> None:
    with start(tracking) as run:
        run.metrics({"primary": 0.25})
        run.table("quality", [Row(source="als", recall=0.5), Row(source="frequency", recall=0.75)])
        run.text("not_evaluated", "week 44")
        run.figure("recall", Figure())
    kept = artifacts_of(tracking, run)
    assert kept.is_relative_to(tracking.settings.home)
    assert (kept / "tables/quality.csv").read_text() == "source,recall\nals,0.5\nfrequency,0.75\n"
    assert (kept / "not_evaluated.txt").read_text() == "week 44\n"
    assert (kept / "figures/recall.png").read_bytes().startswith(b"\x89PNG")
    assert (kept / "features.txt").read_text() == "member_product__orders_365d\n"
    assert tracking.client.get_run(run.run_id).data.metrics == {"primary": 0.25}


def test_provenance_goes_with_every_run(tracking: Tracking) -> None:
    with start(tracking) as run:
        pass
    found = tracking.client.get_run(run.run_id).data
    assert found.tags["as_of"] == "2017-12-31T05:00:00Z"
    assert found.tags["feature_schema"] == feature_schema_hash()
    assert found.tags["shop"] == tracking.settings.shop
    assert found.tags["why"] == "test"
    assert found.params["seed"] == str(tracking.settings.seed)
    assert found.params["code_revision"]
    assert found.params["factors"] == "8"


def test_a_shop_without_models_has_no_version_and_no_champion(tracking: Tracking) -> None:
    assert (tracking.newest(AFFINITY), tracking.champion(AFFINITY), tracking.versions(AFFINITY)) == (None, None, [])


def test_versions_count_up_and_the_newest_is_the_last(tracking: Tracking, tmp_path: Path) -> None:
    first, second = (trained(tracking, tmp_path / "m", primary) for primary in (0.1, 0.2))
    assert (first.number, second.number) == (1, 2)
    assert first.name == f"{tracking.settings.shop}.product_affinity"
    assert tracking.newest(AFFINITY) == second
    assert tracking.versions(AFFINITY) == [first, second]
    assert json.loads((tracking.folder_of(first) / "model.json").read_text()) == {"primary": 0.1}
    assert tracking.metrics_of(second)["primary"] == 0.2


def test_models_of_a_shop_are_apart(tracking: Tracking, tmp_path: Path) -> None:
    affinity = trained(tracking, tmp_path / "m")
    propensity = trained(tracking, tmp_path / "m", model=PROPENSITY)
    assert (affinity.number, propensity.number) == (1, 1)
    tracking.set_champion(propensity, note="as of then: first")
    assert tracking.champion(AFFINITY) is None
    assert tracking.champion(PROPENSITY) == propensity


def test_a_block_that_raises_leaves_a_failed_run_and_no_version(tracking: Tracking, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    runs: list[TrackedRun] = []

    def train() -> None:
        with start(tracking) as run:
            runs.append(run)
            run.model(tmp_path)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    (run,) = runs
    assert tracking.client.get_run(run.run_id).info.status == "FAILED"
    with pytest.raises(NothingLoaded, match="FAILED"):
        tracking.register(run)
    assert tracking.newest(AFFINITY) is None


def test_a_run_without_a_model_is_not_registered(tracking: Tracking) -> None:
    with start(tracking) as run:
        pass
    with pytest.raises(NothingLoaded, match="no whole model"):
        tracking.register(run)


def test_a_run_left_open_is_closed_by_the_next(tracking: Tracking) -> None:
    opened = start(tracking)  # held: once nobody holds it, the run fails instead of staying open
    orphan = opened.__enter__()
    with start(tracking):
        pass
    assert tracking.client.get_run(orphan.run_id).info.status == "KILLED"


def test_an_unknown_version_is_refused(tracking: Tracking, tmp_path: Path) -> None:
    trained(tracking, tmp_path / "m")
    with pytest.raises(NothingLoaded, match="has no version 9"):
        tracking.version(AFFINITY, 9)


def test_files_that_are_gone_are_refused(tracking: Tracking, tmp_path: Path) -> None:
    version = trained(tracking, tmp_path / "m")
    folder = tracking.folder_of(version)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(NothingLoaded, match="train again"):
        tracking.folder_of(version)


def test_promotion_over_the_real_registry(tracking: Tracking, tmp_path: Path) -> None:
    first, worse = (trained(tracking, tmp_path / "m", primary) for primary in (0.2, 0.1))
    promote(tracking, model=AFFINITY, version=1, as_of=AS_OF)
    with pytest.raises(WorseThanChampion):
        promote(tracking, model=AFFINITY, as_of=AS_OF)
    assert tracking.champion(AFFINITY) == first
    promote(tracking, model=AFFINITY, force=True, as_of=AS_OF)
    assert tracking.champion(AFFINITY) == worse
    assert "forced" in tracking.tags_of(worse)["promoted"]
    assert tracking.tags_of(first)["promoted"] == "as of 2017-12-31T05:00:00Z: first champion"


def test_a_lightgbm_champion_is_read_by_mlflow_itself(
    tracking: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(1).random((200, 3))
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(rows, label=rows[:, 0] > 0.5),
        num_boost_round=3,
    )
    folder = tmp_path / "booster"
    save_lightgbm(booster, folder)
    (folder / "calibration.json").write_text("{}")
    with start(tracking, PROPENSITY) as run:
        run.model(folder)
    version = tracking.register(run)
    tracking.set_champion(version, note="first")
    assert (tracking.folder_of(version) / "calibration.json").is_file()
    assert not [file for file in folder.rglob("*") if file.suffix in {".pkl", ".pickle", ".joblib"}]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.uri)
    # Imported here: MLflow reads its switches, which opening sets, while it is imported.
    import mlflow.lightgbm

    loaded = mlflow.lightgbm.load_model(f"models:/{version.name}@champion")
    assert (loaded.predict(rows) == booster.predict(rows)).all()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from features.contracts.settings import load_settings
from training.tracking import open_tracking
tracking = open_tracking(load_settings(home=sys.argv[1]))
with tracking.run(model="product_affinity", as_of=datetime(2017, 12, 31, tzinfo=UTC), features=[], params={}) as run:
    (Path(sys.argv[1]) / "model.json").write_text("{}")
    run.model(Path(sys.argv[1]) / "model.json")
    os.kill(os.getpid(), signal.SIGKILL)
"""

QUIET = """
import sys
from features.contracts.settings import load_settings
from training.tracking import open_tracking
open_tracking(load_settings(home=sys.argv[1]))
import mlflow
from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION
from mlflow.telemetry.client import get_telemetry_client
print(get_telemetry_client(), MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get())
"""


def python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    # Without what tells MLflow that it is being tested: it then sends nothing anyway.
    silent = {"PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"}
    environment = {name: value for name, value in os.environ.items() if name not in silent}
    return subprocess.run(
        [sys.executable, "-c", code, str(home)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.slow
def test_a_killed_training_leaves_no_version_and_the_next_one_works(tmp_path: Path) -> None:
    assert python(KILLED, tmp_path).returncode == -signal.SIGKILL
    tracking = open_tracking(load_settings(home=tmp_path))
    assert tracking.newest(AFFINITY) is None
    version = trained(tracking, tmp_path / "m")
    assert version.number == 1
    experiment = tracking.client.get_experiment_by_name(tracking.registered_name(AFFINITY))
    assert experiment is not None
    runs = tracking.client.search_runs([experiment.experiment_id])
    assert sorted(run.info.status for run in runs) == ["FINISHED", "KILLED"]


@pytest.mark.slow
def test_no_usage_data_is_collected_and_no_pickle_read(tmp_path: Path) -> None:
    done = python(QUIET, tmp_path)
    assert (done.stdout, done.stderr) == ("None False\n", "")


def test_a_version_tells_what_its_training_logged(tracking: Tracking, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    with start(tracking) as run:
        run.table("quality", [Row(source="als", recall=0.5)])
        run.text("not_evaluated", "week 44\nweek 45")
        run.model(tmp_path)
    (artifacts_of(tracking, run) / "tables" / "damaged.csv").write_bytes(b"\xff\xfe\xff")
    version = tracking.register(run)
    tables = tracking.tables_of(version)
    assert set(tables) == {"quality"}
    assert tables["quality"].to_dict("records") == [{"source": "als", "recall": 0.5}]
    assert tracking.not_evaluated_of(version) == ("week 44", "week 45")
    assert tracking.params_of(version)["factors"] == "8"
    assert tracking.trained_at(version).tzinfo == UTC


def test_a_training_that_logged_nothing_tells_nothing(tracking: Tracking, tmp_path: Path) -> None:
    version = trained(tracking, tmp_path)
    assert (tracking.tables_of(version), tracking.not_evaluated_of(version)) == ({}, ())
