"""The affinity model as files: arrays as npz, id maps as Parquet, the rest as JSON. Nothing is pickled."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from features.contracts.atomic import read_json, write_json
from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import AffinitySettings
from features.schema import feature_schema_hash
from training.affinity.als import FittedAls
from training.affinity.blend import CANDIDATE_FIELDS, BlendWeights
from training.affinity.item_item import Neighbours
from training.affinity.model import AffinityModel
from training.protocol import Catalogue

ARRAYS = "arrays.npz"
MEMBERS = "members.parquet"
PRODUCTS = "products.parquet"
MODEL = "model.json"


def save_affinity(model: AffinityModel, folder: Path) -> None:
    """Writes the model into `folder`, `model.json` last: a folder without it is not finished."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / ARRAYS,
        member_factors=model.als.member_factors,
        product_factors=model.als.product_factors,
        neighbour_rows=model.neighbours.rows,
        similarities=model.neighbours.similarities,
    )
    members = pd.DataFrame({"member_id": model.member_ids.astype(object)})
    members.to_parquet(folder / MEMBERS, index=False)
    products = pd.DataFrame(
        {"product_id": model.catalogue.product_ids.astype(object), "buyers": model.catalogue.buyers}
    )
    products.to_parquet(folder / PRODUCTS, index=False)
    write_json(
        folder / MODEL,
        {
            "as_of": moment_text(model.as_of),
            "seed": model.seed,
            "threads": model.threads,
            "settings": model.settings.model_dump(mode="json"),
            "weights": asdict(model.weights),
            "candidate_fields": list(CANDIDATE_FIELDS),
            "feature_schema": feature_schema_hash(),
            "checksums": {name: file_checksum(folder / name) for name in (ARRAYS, MEMBERS, PRODUCTS)},
        },
    )


def load_affinity(folder: Path) -> AffinityModel:
    """The model that `save_affinity` wrote. Raises ReleaseDamaged for a missing, changed or foreign file."""
    written = read_json(folder / MODEL)
    if written is None:
        raise ReleaseDamaged(f"affinity: {folder / MODEL} is missing; train again")
    for name, expected in written["checksums"].items():
        file = folder / name
        if not file.is_file() or file_checksum(file) != expected:
            raise ReleaseDamaged(f"affinity: {file} is missing or was changed since training; train again")
    if written["candidate_fields"] != list(CANDIDATE_FIELDS):
        raise ReleaseDamaged(
            f"affinity: {folder / MODEL} has candidate fields {written['candidate_fields']}, "
            f"this version reads {list(CANDIDATE_FIELDS)}; train again"
        )
    products = pd.read_parquet(folder / PRODUCTS)
    members = pd.read_parquet(folder / MEMBERS)
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        return AffinityModel(
            as_of=parse_moment(written["as_of"]),
            seed=written["seed"],
            threads=written["threads"],
            settings=_settings(folder / MODEL, written["settings"]),
            weights=BlendWeights(**written["weights"]),
            catalogue=Catalogue(
                product_ids=products["product_id"].to_numpy(dtype=np.str_), buyers=products["buyers"].to_numpy(np.int64)
            ),
            member_ids=members["member_id"].to_numpy(dtype=np.str_),
            als=FittedAls(member_factors=arrays["member_factors"], product_factors=arrays["product_factors"]),
            neighbours=Neighbours(rows=arrays["neighbour_rows"], similarities=arrays["similarities"]),
        )


def _settings(file: Path, written: dict[str, object]) -> AffinitySettings:
    try:
        return AffinitySettings.model_validate(written)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise ReleaseDamaged(
            f"affinity: {file} was made with other settings than this code has ({wrong}); train again"
        ) from error


def file_checksum(file: Path) -> str:
    """SHA-256 of the file, hexadecimal."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
