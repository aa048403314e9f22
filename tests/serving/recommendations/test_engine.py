"""The engine on a real release: who is asked for, from which store, as of when."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta

import pandas as pd
import pytest
from asking import ask, ids
from made_shop import MadeShop

from features.contracts.errors import Refused, ReleaseDamaged, SettingsError, StoreUnavailable
from features.contracts.ids import MemberId
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.store.online import online_files
from features.store.packed_member import PackedMember
from serving.answers import Fallback, MemberRef
from serving.recommendations.engine import ReleaseEngine, load_engine
from training.release.shelf import release_folder, require_active_release


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings


@pytest.fixture(scope="module")
def engine(settings: Settings) -> ReleaseEngine:
    return load_engine(settings, require_active_release(settings.paths))


def test_the_answer_says_its_release_and_moment(engine: ReleaseEngine) -> None:
    answer = ask(engine, "1")
    assert (answer.release_id, answer.as_of) == ("r000001", engine.release.manifest.as_of)
    assert (answer.member_id, answer.fallback) == ("1", None)
    assert all(item.name and item.name != item.id for item in answer.items)


def test_the_same_question_has_the_same_answer_from_an_engine_loaded_again(
    engine: ReleaseEngine, settings: Settings
) -> None:
    again = load_engine(settings, engine.release_id)
    for member in ("1", "7", "nobody"):
        assert ask(engine, member, 50) == ask(engine, member, 50) == ask(again, member, 50)


@pytest.mark.parametrize(
    "member",
    [
        MemberRef(member_id="nobody"),
        MemberRef(source="pos", source_id="nobody"),
        MemberRef(phone_hash="0" * 64),
        MemberRef(anonymous_id="a-cookie"),
    ],
)
def test_an_unknown_member_is_told_to_be_new(engine: ReleaseEngine, member: MemberRef) -> None:
    answer = ask(engine, member, 12)
    assert (answer.fallback, answer.member_id) == (Fallback.NEW_MEMBER, None)
    assert len(answer.items) == 12


class Broken:
    """An online store that is down."""

    def member(self, _member_id: str) -> PackedMember | None:
        raise StoreUnavailable("down")

    def member_id(self, _key: str) -> MemberId | None:
        raise StoreUnavailable("down")


@pytest.mark.parametrize("member", [MemberRef(member_id="1"), MemberRef(source="s", source_id="1")])
def test_while_the_store_is_down_everybody_gets_what_somebody_unknown_gets_and_is_told(
    engine: ReleaseEngine, member: MemberRef
) -> None:
    down = dataclasses.replace(engine, online=Broken())  # type: ignore[arg-type]  # a fake
    answer = ask(down, member, 8)
    assert (answer.fallback, answer.member_id) == (Fallback.STORE_UNAVAILABLE, None)
    assert ids(answer) == ids(ask(engine, "nobody", 8))
    with pytest.raises(StoreUnavailable):
        down.known(member)


def test_a_store_that_comes_back_is_read_again(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = small_shop.copy_to(tmp_path_factory.mktemp("down") / "home").settings
    engine = load_engine(settings, require_active_release(settings.paths))
    whole = ask(engine, "1", 10)
    rows = online_files(settings.paths, engine.release_id).rows
    aside = rows.rename(rows.with_suffix(".aside"))
    assert ask(engine, "1", 10).fallback is Fallback.STORE_UNAVAILABLE
    assert not rows.exists()
    aside.rename(rows)
    assert ask(engine, "1", 10) == whole
    assert whole.fallback is None


def test_every_way_to_name_a_member_gives_the_same_answer(engine: ReleaseEngine, settings: Settings) -> None:
    tables = settings.paths.tables
    known = pd.read_parquet(next(iter(tables.glob("*/member_ids.parquet")))).iloc[17]
    by_id = ask(engine, known["member_id"])
    assert by_id.member_id == known["member_id"]
    assert ask(engine, MemberRef(source=known["source"], source_id=known["source_id"])) == by_id


def test_a_phone_hash_is_keyed_before_it_is_looked_up(engine: ReleaseEngine, settings: Settings) -> None:
    sent = hashlib.sha256(b"+15550100").hexdigest()
    seen: list[str] = []

    class Recording:
        def member_id(self, key: str) -> MemberId | None:
            seen.append(key)
            return None

    recording = dataclasses.replace(engine, online=Recording())  # type: ignore[arg-type]  # a fake
    ask(recording, MemberRef(phone_hash=sent))
    assert seen == [f"phone:{contact_cipher(settings).hash_given(sent)}"]
    assert sent not in seen[0]


def test_a_card_is_looked_up_without_spaces_and_hyphens(engine: ReleaseEngine) -> None:
    seen: list[str] = []

    class Recording:
        def member_id(self, key: str) -> MemberId | None:
            seen.append(key)
            return None

    recording = dataclasses.replace(engine, online=Recording())  # type: ignore[arg-type]  # a fake
    for written in ("8800 12-a", "880012A", " - "):
        ask(recording, MemberRef(card_no=written))
    # what is no card names nobody
    assert seen == ["card:880012A", "card:880012A"]


def test_an_earlier_moment_than_the_release_s_is_refused(engine: ReleaseEngine, settings: Settings) -> None:
    earlier = settings.model_copy(update={"as_of": engine.as_of - timedelta(seconds=1)})
    with pytest.raises(Refused, match=r"release r000001: it knows what happened up to .* make one with `faces release"):
        load_engine(earlier, engine.release_id)


def test_a_later_moment_is_answered_as_of_then(engine: ReleaseEngine, settings: Settings) -> None:
    later = load_engine(settings.model_copy(update={"as_of": engine.as_of + timedelta(days=3)}), engine.release_id)
    assert ask(later, "1").as_of - ask(engine, "1").as_of == timedelta(days=3)


def test_a_damaged_release_is_not_loaded(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = small_shop.copy_to(tmp_path_factory.mktemp("damaged") / "home").settings
    release_id = require_active_release(settings.paths)
    file = release_folder(settings.paths, release_id) / "product_matrix.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ReleaseDamaged, match=r"product_matrix\.npz is damaged"):
        load_engine(settings, release_id)


def test_a_release_that_cannot_serve_a_scenario_is_not_loaded(engine: ReleaseEngine, settings: Settings) -> None:
    wrong = {"home": ScenarioSettings(kind="home", filter="colour == 'red'")}
    with pytest.raises(SettingsError, match=r"scenarios\.home\.filter: filter: at character 1: there is no attribute"):
        load_engine(settings, engine.release_id, scenarios=lambda: wrong)


def test_scenarios_are_read_anew_by_every_request(engine: ReleaseEngine, settings: Settings) -> None:
    current = {"home": ScenarioSettings(kind="home")}
    changing = load_engine(settings, engine.release_id, scenarios=lambda: current)
    before = ids(ask(changing, "1", 5))
    current["home"] = ScenarioSettings(kind="home", filter=f"product_id != '{before[0]}'")
    assert ids(ask(changing, "1", 4)) == before[1:]
