"""Runs and registered models in MLflow: the only file that imports it.

MLflow is imported when tracking is opened and not before: it reads its switches while it is imported.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.schema import feature_schema_hash
from training.minimum import Fallback
from training.revision import code_revision

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

Model = Literal["product_affinity", "purchase_propensity", "coupon_redemption"]
"""The models that a shop trains; each has an experiment and a registered name."""
CHAMPION = "champion"
MODEL_FOLDER = "model"
FALLBACKS = "fallbacks"
"""Tag of a run: what answers in the place of models that the shop is too small for, one sentence a line."""
RELIABILITY = "reliability"
TENTHS = "tenths"
"""Tables of a run: predicted against observed, and buyers by tenth of the ranking."""
SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
}
"""Set before MLflow is imported: no usage data leaves the machine, and no pickled model is ever loaded."""


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A registered version of a shop's model."""

    model: Model
    name: str
    """Registered name: `<shop>.<model>`."""
    number: int
    run_id: str


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """A run that is being logged."""

    model_name: Model
    run_id: str
    client: MlflowClient

    def metrics(self, values: Mapping[str, float]) -> None:
        """Logs numbers by name; `primary` and `primary_standard_error` are what promotion compares."""
        for name, value in values.items():
            self.client.log_metric(self.run_id, name, float(value))

    def table(self, name: str, rows: pd.DataFrame | Sequence[Any]) -> None:
        """Logs a table as `tables/<name>.csv`; `Any` because every dataclass will do as a row."""
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame([asdict(row) for row in rows])
        self.client.log_text(self.run_id, frame.to_csv(index=False), f"tables/{name}.csv")

    def text(self, name: str, text: str) -> None:
        """Logs a text as `<name>.txt`."""
        self.client.log_text(self.run_id, text + "\n", f"{name}.txt")

    def figure(self, name: str, figure: Figure) -> None:
        """Logs a plot as `figures/<name>.png`."""
        self.client.log_figure(self.run_id, figure, f"figures/{name}.png")

    def model(self, folder: Path) -> None:
        """Logs every file of a saved model; `Tracking.register` makes it a version once the run has ended well."""
        self.client.log_artifacts(self.run_id, str(folder), MODEL_FOLDER)


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """One shop's runs and registered models."""

    settings: Settings
    uri: str
    client: MlflowClient

    def registered_name(self, model: Model) -> str:
        """`<shop>.<model>`; also the name of the experiment."""
        return f"{self.settings.shop}.{model}"

    @contextlib.contextmanager
    def run(
        self,
        *,
        model: Model,
        as_of: datetime,
        features: Sequence[str],
        params: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
    ) -> Iterator[TrackedRun]:
        """A run of the model's experiment: finished when the block ends well, failed when it raises.

        Runs that a killed training left open are closed as killed. With every run go the data cut-off, the feature
        list, the feature schema, the seed and the code revision.
        """
        experiment = self._experiment(model)
        self._close_orphans(experiment)
        provenance = {
            "shop": self.settings.shop,
            "as_of": moment_text(as_of),
            "feature_schema": feature_schema_hash(),
            "seed": str(self.settings.seed),
            "code_revision": code_revision(),
        }
        run_id = self.client.create_run(experiment, tags={**(tags or {}), **provenance}).info.run_id
        run = TrackedRun(model_name=model, run_id=run_id, client=self.client)
        try:
            for name, value in {**params, **provenance}.items():
                self.client.log_param(run_id, name, value)
            self.client.log_text(run_id, "\n".join(features) + "\n", "features.txt")
            yield run
        except BaseException:
            self.client.set_terminated(run_id, "FAILED")
            raise
        self.client.set_terminated(run_id, "FINISHED")

    def register(self, run: TrackedRun) -> ModelVersion:
        """A new version of the run's model. Raises NothingLoaded when the run has not finished with a model."""
        status = self.client.get_run(run.run_id).info.status
        if status != "FINISHED" or not self._artifacts(run.model_name, run.run_id).is_dir():
            raise NothingLoaded(f"tracking: run {run.run_id} is {status} and has no whole model; train again")
        name = self.registered_name(run.model_name)
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name)
        source = self._artifacts(run.model_name, run.run_id).as_uri()
        made = self.client.create_model_version(name, source=source, run_id=run.run_id)
        return ModelVersion(model=run.model_name, name=name, number=int(made.version), run_id=run.run_id)

    def champion(self, model: Model) -> ModelVersion | None:
        """The version in use, None while there is none."""
        name = self.registered_name(model)
        found = self.client.search_registered_models(f"name = '{name}'")
        number = found[0].aliases.get(CHAMPION) if found else None
        return self.version(model, int(number)) if number is not None else None

    def newest(self, model: Model) -> ModelVersion | None:
        """The version registered last, None while there is none."""
        versions = self.versions(model)
        return versions[-1] if versions else None

    def versions(self, model: Model) -> list[ModelVersion]:
        """Every version, oldest first."""
        name = self.registered_name(model)
        found = self.client.search_model_versions(f"name = '{name}'", max_results=10_000)
        versions = [
            ModelVersion(model=model, name=name, number=int(each.version), run_id=str(each.run_id)) for each in found
        ]
        return sorted(versions, key=lambda version: version.number)

    def version(self, model: Model, number: int) -> ModelVersion:
        """The version with a number. Raises NothingLoaded."""
        known = {each.number: each for each in self.versions(model)}
        if number not in known:
            there_are = ", ".join(map(str, known)) or "none"
            raise NothingLoaded(f"tracking: {self.registered_name(model)} has no version {number} (of {there_are})")
        return known[number]

    def metrics_of(self, version: ModelVersion) -> Mapping[str, float]:
        """What the version's training logged, by name."""
        return dict(self.client.get_run(version.run_id).data.metrics)

    def learnt_up_to(self, version: ModelVersion) -> datetime:
        """The moment that the version's data ends at."""
        return parse_moment(self.client.get_run(version.run_id).data.tags["as_of"])

    def fallbacks_of(self, version: ModelVersion) -> tuple[str, ...]:
        """What answers in the place of models that the shop was too small for, in sentences."""
        return tuple(self.client.get_run(version.run_id).data.tags.get(FALLBACKS, "").splitlines())

    def tables_of(self, version: ModelVersion) -> Mapping[str, pd.DataFrame]:
        """The tables that the version's training logged, by name; one that cannot be read is left out."""
        found: dict[str, pd.DataFrame] = {}
        for file in sorted((self._artifacts(version.model, version.run_id).parent / "tables").glob("*.csv")):
            with contextlib.suppress(ValueError, OSError):
                found[file.stem] = pd.read_csv(file)
        return found

    def not_evaluated_of(self, version: ModelVersion) -> tuple[str, ...]:
        """What the version's training could not evaluate, in sentences."""
        file = self._artifacts(version.model, version.run_id).parent / "not_evaluated.txt"
        return tuple(file.read_text(encoding="utf-8").splitlines()) if file.is_file() else ()

    def params_of(self, version: ModelVersion) -> Mapping[str, str]:
        """What the version was trained with, by name."""
        return dict(self.client.get_run(version.run_id).data.params)

    def trained_at(self, version: ModelVersion) -> datetime:
        """When the version's training began."""
        return datetime.fromtimestamp(self.client.get_run(version.run_id).info.start_time / 1000, UTC)

    def tags_of(self, version: ModelVersion) -> Mapping[str, str]:
        """Tags of the version: how it was promoted."""
        return dict(self.client.get_model_version(version.name, str(version.number)).tags)

    def folder_of(self, version: ModelVersion) -> Path:
        """The folder with the version's files. Raises NothingLoaded when they are gone."""
        folder = self._artifacts(version.model, version.run_id)
        if not folder.is_dir():
            raise NothingLoaded(
                f"tracking: {version.name} version {version.number} has no files at {folder}; train again"
            )
        return folder

    def set_champion(self, version: ModelVersion, *, note: str) -> None:
        """Puts the version in use; `note` (why, and as of when) is kept as its tag `promoted`."""
        self.client.set_model_version_tag(version.name, str(version.number), "promoted", note)
        self.client.set_registered_model_alias(version.name, CHAMPION, str(version.number))

    def _artifacts(self, model: Model, run_id: str) -> Path:
        # By the settings' paths, not by the address that MLflow stored: a state folder may be moved.
        return _artifact_root(self.settings) / self.registered_name(model) / run_id / "artifacts" / MODEL_FOLDER

    def _experiment(self, model: Model) -> str:
        name = self.registered_name(model)
        location = (_artifact_root(self.settings) / name).as_uri()
        known = self.client.get_experiment_by_name(name)
        if known is not None and known.artifact_location == location:
            return str(known.experiment_id)
        if known is not None:
            # MLflow keeps absolute addresses: after the state folder was moved it would write to where that stood.
            self.client.rename_experiment(known.experiment_id, f"{name} before move {known.experiment_id}")
        return str(self.client.create_experiment(name, artifact_location=location))

    def _close_orphans(self, experiment: str) -> None:
        for run in self.client.search_runs([experiment], "attributes.status = 'RUNNING'"):
            self.client.set_terminated(run.info.run_id, "KILLED")


def open_tracking(settings: Settings) -> Tracking:
    """The shop's tracking, its database made on first use; no network, no usage data."""
    os.environ.update(SWITCHES)
    _artifact_root(settings).mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{settings.paths.mlflow / 'mlflow.db'}"
    for chatty in ("alembic", "mlflow"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # MLflow maps its tables in a way that SQLAlchemy has deprecated, at its first question: asked here.
        warnings.simplefilter("ignore", DeprecationWarning)
        from mlflow import MlflowClient

        # Importing MLflow sets its level anew.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return Tracking(settings=settings, uri=uri, client=client)


def fallback_tags(fallbacks: Sequence[Fallback]) -> dict[str, str]:
    """The tag of a run that tells of fallbacks; none where there are none."""
    return {FALLBACKS: "\n".join(each.sentence for each in fallbacks)} if fallbacks else {}


def save_lightgbm(booster: Any, folder: Path) -> None:
    """Writes a LightGBM Booster (`Any`: LightGBM ships no types) as a native MLflow model into an empty folder."""
    os.environ.update(SWITCHES)
    with warnings.catch_warnings():
        # MLflow warns of its own type hints while its parts are imported.
        warnings.simplefilter("ignore")
        import lightgbm
        import mlflow.lightgbm

        # Requirements are named, so that MLflow does not start a process to find out what the model imports.
        mlflow.lightgbm.save_model(booster, str(folder), pip_requirements=[f"lightgbm=={lightgbm.__version__}"])


def _artifact_root(settings: Settings) -> Path:
    return settings.paths.mlflow / "artifacts"
