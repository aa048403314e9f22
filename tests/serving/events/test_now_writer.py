"""From stored events to the online row: the same answer in either store, whatever happens in between."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from literal_recommender import ANNA, AS_OF, recommender, release
from processes import free_port
from redis_server import running_redis

from features.contracts.errors import StoreUnavailable
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.settings import load_settings
from features.store.member_now import MemberNow, Touched
from features.store.now_rows import NowRows, remove_now
from serving.answers import MemberRef, RecommendationQuery
from serving.events.member_keys import MemberKeys
from serving.events.now_writer import CURSOR, LOCK, NowWriter
from serving.records.events import NewEvent, add_events, cursor, events_after

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BY = recommender(release(), home=ScenarioSettings(kind="home"))


class Release:
    """A release that knows persons as it is told."""

    def __init__(self, release_id="r000001", **members):
        self.release_id = release_id
        self.members = members

    def members_of(self, persons):
        return [self.members.get(source_id) for _, source_id in persons]


@dataclasses.dataclass
class World:
    """A writer over records and an online store, beside the release in service."""

    settings: object
    records: object
    release: Release

    def __post_init__(self):
        self.keys = MemberKeys(lambda: self.release)
        self.rows = NowRows(self.settings)
        self.writer = self.new_writer()

    def new_writer(self):
        return NowWriter(self.settings, self.records, self.rows, self.keys, now=lambda: NOON)

    def tell(self, *events):
        key_of = self.keys.of((each.source, each.source_id) for each in events)
        keyed = [dataclasses.replace(each, member_key=key_of[each.source, each.source_id]) for each in events]
        with self.records.writing() as transaction:
            add_events(transaction, keyed)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory) -> Iterator[int]:
    port = free_port()
    with running_redis(tmp_path_factory.mktemp("redis"), port=port):
        yield port


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.slow)])
def world(request, tmp_path: Path, records):
    loaded = load_settings(home=tmp_path / "var")
    if request.param == "redis":
        online = {"store": "redis", "redis": f"127.0.0.1:{request.getfixturevalue('redis_port')}"}
        # each test's rows are of a shop of their own: the server is shared
        shop = f"s{abs(hash(str(tmp_path)))}"[:20]
        loaded = loaded.model_copy(update={"online": loaded.online.model_copy(update=online), "shop": shop})
    loaded.paths.locks.mkdir(parents=True, exist_ok=True)
    made = World(loaded, records, Release(anna="m1"))
    yield made
    made.rows.close()


def event(message_id, kind, seconds, *, who="anna", product=None, products=None, **more):
    listed = None if products is None else json.dumps({"products": [{"product_id": each} for each in products]})
    return NewEvent(
        message_id=message_id,
        type=kind,
        occurred_at=NOON + timedelta(seconds=seconds),
        received_at=NOON,
        source="app",
        source_id=who,
        member_key="",
        product_id=product,
        properties=listed,
        **more,
    )


STORY = (
    event("view", "Product Viewed", 1, product="tea"),
    event("add", "Product Added", 2, product="bread"),
    # two in one millisecond: the order in which they are stored decides
    event("add-2", "Product Added", 3.0001, product="cream"),
    event("enter", "Store Entered", 3.0002, store_id="1"),
    event("buy", "Order Completed", 4, order_id="o1", products=["milk", "cream"]),
)


def answer(now):
    asked = RecommendationQuery(member=MemberRef(member_id="anna"), scenario="home", count=6)
    return [(item.id, item.source) for item in BY.recommend(ANNA, asked, as_of=AS_OF, now=now).items]


def test_events_out_of_order_two_at_a_moment_and_a_release_in_between_give_the_same_answer(world):
    view, add, add_2, enter, buy = STORY
    world.tell(buy)
    world.writer.write()
    world.tell(add_2, enter)
    world.writer.write()
    # the member is known by the same id in the next release
    world.release = Release("r000002", anna="m1")
    world.tell(view)
    world.writer.write()
    world.tell(add, view)
    world.writer.write()
    found = world.rows.read("m1")
    assert [each.product_id for each in found.viewed] == ["tea"]
    assert [each.product_id for each in found.basket] == ["bread"]
    assert {each.product_id for each in found.bought} == {"milk", "cream"}
    assert (found.store.id, found.newest_at) == ("1", buy.occurred_at)

    world.tell(*(dataclasses.replace(each, message_id=f"{each.message_id}-z", source_id="zoe") for each in STORY))
    world.writer.write()
    assert world.rows.read("id:app:zoe") == found
    # neither what was bought nor what is in the basket; juice goes with the tea that was looked at
    said = answer(found)
    assert [each for each, _ in said] == ["juice", "butter", "tea", "rolls", "yoghurt", "kefir"]
    assert dict(said)["juice"] == "viewed"
    assert said != answer(None)


def test_a_later_event_with_an_earlier_time_is_not_lost_and_does_not_win(world):
    world.tell(event("a", "Product Viewed", 10, product="new"))
    world.writer.write()
    world.tell(event("b", "Product Viewed", 5, product="old"))
    world.writer.write()
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["new", "old"]


def test_two_writes_within_a_second_keep_the_second(world):
    for number in range(5):
        world.tell(event(f"e{number}", "Product Viewed", 0, product=f"p{number}"))
        world.writer.write()
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["p4", "p3", "p2", "p1", "p0"]


def test_another_writer_goes_on_where_the_last_one_ended(world):
    world.tell(event("a", "Product Viewed", 0, product="tea"))
    assert world.writer.write() == 1
    world.tell(event("b", "Product Viewed", 1, product="milk"))
    world.rows.close()
    again = world.new_writer()
    assert (again.write(), again.write()) == (1, 0)
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["milk", "tea"]


def test_a_release_that_knows_a_person_now_brings_the_visit_along(world):
    world.tell(event("a", "Product Viewed", 0, product="tea", who="zoe"))
    world.writer.write()
    assert world.rows.read("id:app:zoe") is not None
    world.release = Release("r000002", anna="m1", zoe="m2")
    world.writer.write()
    assert world.rows.read("id:app:zoe") is None
    assert [each.product_id for each in world.rows.read("m2").viewed] == ["tea"]


def test_merged_members_have_one_visit_and_split_ones_their_own(world):
    world.release = Release("r000001", anna="m1", zoe="m2")
    world.tell(event("a", "Product Viewed", 0, product="tea"))
    world.tell(event("b", "Product Viewed", 1, product="milk", who="zoe"))
    world.writer.write()
    world.release = Release("r000002", anna="m1", zoe="m1")
    world.writer.write()
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["milk", "tea"]
    assert world.rows.read("m2") is None
    world.release = Release("r000003", anna="m1", zoe="m3")
    world.writer.write()
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["tea"]
    assert [each.product_id for each in world.rows.read("m3").viewed] == ["milk"]


def test_an_event_stored_under_the_release_before_is_kept_under_the_one_in_service(world):
    late = dataclasses.replace(event("a", "Product Viewed", 0, product="tea"), member_key="id:app:anna")
    with world.records.writing() as transaction:
        add_events(transaction, [late])
    world.writer.write()
    assert [each.product_id for each in world.rows.read("m1").viewed] == ["tea"]
    with world.records.reading() as transaction:
        assert [each.member_key for each in events_after(transaction, 0, limit=9)] == ["m1"]


def test_an_online_store_that_is_down_is_written_later(world, monkeypatch):
    world.tell(event("a", "Product Viewed", 0, product="tea"))
    with monkeypatch.context() as patched:

        def down(*_args, **_options):
            raise StoreUnavailable("down")

        patched.setattr(world.rows, "write", down)
        with pytest.raises(StoreUnavailable):
            world.writer.write()
    with world.records.reading() as transaction:
        assert cursor(transaction, CURSOR) == 0
    world.writer.write()
    assert world.rows.read("m1") is not None


def test_one_process_at_a_time_writes(world):
    world.tell(event("a", "Product Viewed", 0, product="tea"))
    with FileLock(world.settings.paths.locks / LOCK):
        assert world.writer.write() == 0
    assert world.writer.write() == 1


def test_the_thread_writes_within_a_second_of_being_told(world):
    world.writer.start()
    try:
        for number in range(3):
            world.tell(event(f"e{number}", "Product Viewed", number, product=f"p{number}"))
            world.writer.wake()
            deadline = datetime.now(UTC) + timedelta(seconds=5)
            while (row := world.rows.read("m1")) is None or len(row.viewed) <= number:
                assert datetime.now(UTC) < deadline
    finally:
        world.writer.stop()


def test_a_removed_row_leaves_nothing_behind(world):
    told = MemberNow(newest_at=NOON, viewed=(Touched(product_id="tea", at=NOON),))
    world.rows.write({"member-to-forget-7f3a": told, "other": told}, at=NOON)
    remove_now(world.settings, ["member-to-forget-7f3a", "nobody"])
    assert world.rows.read("member-to-forget-7f3a") is None
    assert world.rows.read("other") == told
    world.rows.close()
    if world.settings.online.store == "sqlite":
        assert all(b"member-to-forget-7f3a" not in file.read_bytes() for file in world.settings.paths.now.iterdir())


def test_rows_that_nobody_wrote_to_for_long_are_removed(world):
    told = MemberNow(newest_at=NOON)
    world.rows.write({"old": told}, at=NOON - timedelta(days=40))
    world.rows.write({"new": told}, at=NOON)
    assert world.rows.prune(before=NOON - timedelta(days=30)) == (1 if world.settings.online.store == "sqlite" else 0)
    assert world.rows.read("new") == told


def test_a_store_whose_files_are_gone_is_made_anew(world):
    told = MemberNow(newest_at=NOON)
    world.rows.write({"m1": told}, at=NOON)
    world.rows.close()
    shutil.rmtree(world.settings.paths.now)
    assert world.rows.read("m1") == (None if world.settings.online.store == "sqlite" else told)
    world.rows.write({"m1": told}, at=NOON)
    assert world.rows.read("m1") == told
