"""A shop of twenty members, and one with ids that nobody would choose, go the whole way by order lines alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from odd_shops import odd, plain, write_order_lines

from features.contracts.settings import Settings, load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SMALLER = {
    "FACES_THREADS": "1",
    "FACES_SHOP": "own",
    "FACES_AFFINITY__FACTORS": "8",
    "FACES_RANKER__ROUNDS": "20",
    "FACES_RANKER__TRAIN_WEEKS": "[42]",
    "FACES_PROPENSITY__ROUNDS": "20",
    "FACES_PROPENSITY__TRAIN_WEEKS": "[40, 42]",
    "FACES_PROPENSITY__TARGETS_PER_SNAPSHOT": "20",
}
EVALUATIONS = ("recommendations", "newcomers", "coupons", "launches", "propensity", "expected")


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A shop that was loaded, trained and released; what the service fixture asks of one too."""

    home: Path
    folder: Path
    trained: str
    """What `faces train` printed."""

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **SMALLER, "FACES_HOME": str(self.home), "COLUMNS": "300"}

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.home, shop="own")

    def faces(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that is done (0) or refused in one readable line (1)."""
        done = subprocess.run(
            [sys.executable, "-m", "serving.cli.main", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        said = f"faces {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        assert done.returncode in (0, 1), said
        assert "Traceback" not in done.stderr, said
        if done.returncode == 1:
            assert len(done.stderr.strip().splitlines()) == 1, said
        return done

    def does(self, *arguments: str) -> str:
        done = self.faces(*arguments)
        assert done.returncode == 0, f"faces {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def gone_the_way(folder: Path, home: Path) -> Shop:
    shop = Shop(home=home, folder=folder, trained="")
    shop.does("load", "--from", str(folder))
    shop.does("features")
    trained = shop.does("train")
    shop.does("promote")
    shop.does("release")
    return Shop(home=home, folder=folder, trained=trained)


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = write_order_lines(tmp_path_factory.mktemp("twenty"), members=20, products=6, weeks=6)
    return gone_the_way(folder, tmp_path_factory.mktemp("twenty-home"))


@pytest.fixture(scope="module")
def odd_ids(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = write_order_lines(tmp_path_factory.mktemp("odd"), members=80, products=30, weeks=20, name=odd)
    return gone_the_way(folder, tmp_path_factory.mktemp("odd-home"))


def lists_of(shop: Shop, out: Path) -> dict[str, list[str]]:
    """Members to the products that they would be shown."""
    shop.does("recommend", "--all", "--scenario", "home", "--count", "3", "--out", str(out))
    rows = pq.read_table(out).to_pylist()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["member_id"], []).append(row["item_id"])
    return found


def test_twenty_members_get_lists_and_audiences(twenty: Shop, tmp_path: Path) -> None:
    lists = lists_of(twenty, tmp_path / "home.parquet")
    assert set(lists) == {plain("m", number) for number in range(20)}
    assert {len(products) for products in lists.values()} == {3}
    file = tmp_path / "audience.json"
    for target in (("--product", "p1"), ("--event", "visit"), ("--lapse",)):
        twenty.does("audience", *target, "--size", "5", "--json", str(file))
        summary = json.loads(file.read_text(encoding="utf-8"))
        assert summary["size"] == 5
        interval = summary["expected_buyers_interval"]
        assert 0 <= interval["low"] <= interval["expected"] <= interval["high"] <= 5
        assert any(note.startswith("purchase propensity: purchases from 2025-03-0") for note in summary["notes"])


def test_training_says_which_models_answer_by_something_simpler_and_why(twenty: Shop) -> None:
    said = twenty.trained.splitlines()
    for begins in (
        "weeks are counted back from the end of the data: week 50 of the settings is week 4",
        "ranker: 0 candidates were bought in the weeks learnt from, 300 are needed; the blend",
        "purchase propensity: purchases from 2025-03-0",
        "launches: 0 past launches with 10 buyers, 20 are needed; ",
        "coupons: fewer than three campaigns",
    ):
        assert any(line.startswith(begins) for line in said), twenty.trained
    assert any("6 products to choose from: any list of 10 holds them all" in line for line in said)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_an_evaluation_of_twenty_members_shows_something_or_refuses_in_a_line(twenty: Shop, name: str) -> None:
    done = twenty.faces("evaluate", name)
    if name == "recommendations":
        assert "thousand-faces" in done.stdout
    elif done.returncode == 0:
        assert "no coupon model" in done.stdout
    else:
        assert any(word in done.stderr for word in ("load more history", "too little history", "load member_records"))


def test_whatever_ids_look_like_they_come_back_as_they_were(odd_ids: Shop, tmp_path: Path) -> None:
    lists = lists_of(odd_ids, tmp_path / "home.parquet")
    assert set(lists) == {odd("m", number) for number in range(80)}
    assert {product for products in lists.values() for product in products} <= {odd("p", n) for n in range(30)}
    for number in range(10):
        file = tmp_path / "audience.json"
        asked = json.dumps({"target": {"product_ids": [odd("p", number)]}, "size": 7})
        (tmp_path / "request.json").write_text(asked, encoding="utf-8")
        odd_ids.does("audience", "--request", str(tmp_path / "request.json"), "--json", str(file))
        summary = json.loads(file.read_text(encoding="utf-8"))
        assert summary["size"] == 7
        assert {each["member_id"] for each in summary["top_members"]} <= set(lists)


def test_whatever_ids_look_like_the_service_knows_them(odd_ids: Shop, serve) -> None:
    with serve(odd_ids) as service:
        for number in range(10):
            member = odd("m", number)
            told = service.recommend({"member_id": member}, count=3)
            assert len(told["items"]) == 3
            same = service.recommend({"source": "till", "source_id": member}, count=3)
            assert [item["id"] for item in same["items"]] == [item["id"] for item in told["items"]]
            view = service.send("GET", f"/v1/members/{quote(member, safe='')}")
            assert (view.status_code, view.json().get("member_id")) == (200, member), member
            product = quote(odd("p", number), safe="")
            similar = service.send("GET", f"/v1/products/{product}/similar?count=2")
            assert similar.status_code == 200, product
