"""Every member's recommendations in one file: what the service would answer, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_shop import MadeShop

from features.contracts.errors import BadRequest, StoreUnavailable
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.store.online import online_files
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations import batch
from serving.recommendations.batch import COLUMNS, BatchQuery, recommend_everybody
from serving.recommendations.engine import load_engine
from training.release.member_list import member_ids
from training.release.shelf import release_folder, require_active_release

COUNT = 20
QUERY = BatchQuery(scenario="home", count=COUNT)


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings.model_copy(update={"threads": 1})


@pytest.fixture(scope="module")
def release_id(settings: Settings) -> ReleaseId:
    return require_active_release(settings.paths)


@pytest.fixture(scope="module")
def written(settings: Settings, release_id: ReleaseId, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("batch") / "home.parquet"
    assert recommend_everybody(settings, release_id, QUERY, out).members == 250
    return out


def test_every_member_has_exactly_the_count_in_order_of_rank(written: Path) -> None:
    rows = pd.read_parquet(written)
    assert list(rows.columns) == [
        "member_id",
        "rank",
        "item_id",
        "type",
        "score",
        "source",
        "reason_code",
    ]
    ranks = rows.groupby("member_id", sort=False)["rank"].agg(list)
    assert len(ranks) == 250
    assert all(own == list(range(1, COUNT + 1)) for own in ranks)
    assert not rows.duplicated(["member_id", "item_id"]).any()
    assert rows.notna().all(axis=None)


def test_the_items_are_those_of_the_service_in_the_same_order(
    written: Path, settings: Settings, release_id: ReleaseId
) -> None:
    rows = pd.read_parquet(written)
    engine = load_engine(settings, release_id)
    for member_id, own in rows.groupby("member_id"):
        answer = engine.recommend(
            RecommendationQuery(member=MemberRef(member_id=str(member_id)), scenario="home", count=COUNT)
        )
        assert answer.fallback is None or answer.fallback == "new_member"
        served = [(item.id, item.type, item.score, item.source, item.reasons[0].code) for item in answer.items]
        assert served == list(
            own[["item_id", "type", "score", "source", "reason_code"]].itertuples(index=False, name=None)
        )


def test_members_stand_in_the_release_s_order(written: Path, settings: Settings, release_id: ReleaseId) -> None:
    listed = [member for ids in member_ids(release_folder(settings.paths, release_id), at_once=17) for member in ids]
    assert list(pd.read_parquet(written)["member_id"].drop_duplicates()) == listed


def test_rows_are_written_task_by_task(
    settings: Settings, release_id: ReleaseId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    monkeypatch.setattr(batch, "MEMBERS_AT_ONCE", 60)
    told: list[tuple[int, int]] = []
    out = tmp_path / "home.parquet"
    recommend_everybody(
        settings, release_id, QUERY, out, progress=lambda done, every, _what: told.append((done, every))
    )
    assert told == [(60, 250), (120, 250), (180, 250), (240, 250), (250, 250)]
    with pq.ParquetFile(out) as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [1200] * 4 + [200]
        assert file.schema_arrow.equals(COLUMNS)
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(written))


def test_the_command_with_two_processes_writes_the_same_rows(
    small_shop: MadeShop, tmp_path: Path, written: Path
) -> None:
    out, figures = tmp_path / "all.parquet", tmp_path / "figures.json"
    small_shop.faces("recommend", "--all", "--count", str(COUNT), "--out", str(out), "--json", str(figures))
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(written))
    told = json.loads(figures.read_text())
    assert (told["members"], told["rows"]) == (250, 250 * COUNT)


def test_a_batch_that_cannot_read_the_store_leaves_the_file_of_before(
    small_shop: MadeShop, tmp_path: Path, release_id: ReleaseId
) -> None:
    shop = small_shop.copy_to(tmp_path / "home")
    out = tmp_path / "all.parquet"
    out.write_bytes(b"of before")
    online_files(shop.settings.paths, release_id).rows.unlink()
    with pytest.raises(StoreUnavailable):
        recommend_everybody(shop.settings.model_copy(update={"threads": 1}), release_id, QUERY, out)
    done = shop.faces("recommend", "--all", "--out", str(out), check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert out.read_bytes() == b"of before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.parquet", "home"]


def test_an_unknown_scenario_writes_nothing(settings: Settings, release_id: ReleaseId, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="scenario"):
        recommend_everybody(settings, release_id, BatchQuery(scenario="no such", count=3), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--all"], ["--out", "a.parquet"], ["--all", "--out", "a.parquet", "--member", "1"]]
)
def test_options_that_do_not_go_together_are_misuse(small_shop: MadeShop, options: list[str]) -> None:
    assert small_shop.faces("recommend", *options, check=False).returncode == 2
