"""The engine on a real release: the same order as in training, exactly as many as asked for, and why if not."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from made_shop import MadeShop

from features.contracts.errors import Refused, ReleaseDamaged, StoreUnavailable
from features.contracts.ids import MemberId, ProductId
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.snapshots import current_build
from features.store.history import History, open_history
from features.store.online import OnlineReader, PackedMember, online_files
from serving.answers import Fallback, MemberRef, Recommendation, RecommendationQuery
from serving.recommendations.engine import ANCHORS, ReleaseEngine, load_engine
from serving.recommendations.reasons import Locale
from training.affinity.blend import BlendWeights
from training.affinity.candidates import MemberCandidates
from training.affinity.pairs import Pairs, read_pairs
from training.affinity.source import SOURCES
from training.release.shelf import release_folder, require_active_release

EVERY_SOURCE = BlendWeights(item_item=0.2, als=0.4, popularity=0.05)
FREQUENCY_ALONE = BlendWeights(item_item=0.0, als=0.0, popularity=0.0)
"""What training may choose: the first of its grid."""


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings


@pytest.fixture(scope="module")
def engine(settings: Settings) -> ReleaseEngine:
    return load_engine(settings, require_active_release(settings.paths))


@pytest.fixture(scope="module")
def history(settings: Settings) -> History:
    return open_history(settings, current_build(settings.paths))


@pytest.fixture(scope="module")
def log(history: History) -> pd.DataFrame:
    """Every purchase of goods."""
    log = pd.read_parquet(history.build.folder / "purchases.parquet").dropna(subset="member_id")
    return log.assign(ordered_at=log["ordered_at"].dt.tz_convert("UTC"))


@pytest.fixture(scope="module")
def members(log: pd.DataFrame) -> list[str]:
    return sorted(log["member_id"].unique())


@pytest.fixture(scope="module")
def pairs(engine: ReleaseEngine, history: History) -> Pairs:
    return read_pairs(history, engine.release.affinity.catalogue, at=engine.as_of)


@pytest.fixture(scope="module")
def evaluated(engine: ReleaseEngine, pairs: Pairs, members: list[str]) -> MemberCandidates:
    """The lists that an evaluation of the same model would judge."""
    return engine.release.affinity.candidates(pairs, np.array(members, dtype=np.str_))


def ask(
    engine: ReleaseEngine,
    member: str | MemberRef,
    count: int = 10,
    *,
    exclude: frozenset[str] = frozenset(),
    basket: frozenset[str] = frozenset(),
    locale: Locale = "en",
) -> Recommendation:
    return engine.recommend(
        RecommendationQuery(
            member=MemberRef(member_id=member) if isinstance(member, str) else member,
            scenario="home",
            count=count,
            exclude=frozenset(ProductId(each) for each in exclude),
            basket=frozenset(ProductId(each) for each in basket),
            locale=locale,
        )
    )


def ids(recommendation: Recommendation) -> list[str]:
    return [item.product_id for item in recommendation.items]


def catalogue_of(engine: ReleaseEngine) -> list[str]:
    return [str(each) for each in engine.release.affinity.catalogue.product_ids]


def weighted(engine: ReleaseEngine, weights: BlendWeights) -> ReleaseEngine:
    affinity = dataclasses.replace(engine.release.affinity, weights=weights)
    return dataclasses.replace(engine, release=dataclasses.replace(engine.release, affinity=affinity))


def test_every_member_gets_the_order_that_training_evaluates(
    engine: ReleaseEngine, evaluated: MemberCandidates, members: list[str]
) -> None:
    lists = set()
    for row, member in enumerate(members):
        expected = [str(each) for each in evaluated.of(row).product_ids]
        answer = ask(engine, member, len(expected))
        assert ids(answer) == expected, member
        assert answer.member_id == member
        assert answer.fallback is None
        lists.add(tuple(expected[:10]))
    assert len(lists) > 200


def test_scores_never_rise_and_the_catalogue_follows_with_none(
    engine: ReleaseEngine, evaluated: MemberCandidates, members: list[str]
) -> None:
    answer = ask(engine, members[0], 400)
    scores = [item.score for item in answer.items]
    own = len(evaluated.of(0).product_ids)
    assert scores[0] > 0
    assert scores == sorted(scores, reverse=True)
    assert set(scores[own:]) == {0.0}
    rest = [product for product in catalogue_of(engine) if product not in set(ids(answer)[:own])]
    assert ids(answer)[own:] == rest[: 400 - own]


def test_the_answer_says_its_release_and_moment(engine: ReleaseEngine, members: list[str]) -> None:
    answer = ask(engine, members[0])
    assert (answer.release_id, answer.as_of) == ("r000001", engine.release.manifest.as_of)
    assert all(item.name and item.name != item.product_id for item in answer.items)


def test_the_same_question_has_the_same_answer(engine: ReleaseEngine, settings: Settings, members: list[str]) -> None:
    again = load_engine(settings, engine.release_id)
    for member in members[::25]:
        assert ask(engine, member, 50) == ask(engine, member, 50) == ask(again, member, 50)


def test_a_count_beyond_the_catalogue_gives_everything_once_and_says_so(
    engine: ReleaseEngine, members: list[str]
) -> None:
    catalogue = catalogue_of(engine)
    answer = ask(engine, members[0], len(catalogue) + 7)
    assert sorted(ids(answer)) == sorted(catalogue)
    assert answer.filtered == {"no_more_products": 7}
    assert ask(engine, members[0], len(catalogue)).filtered == {}


def test_what_is_excluded_or_in_the_basket_is_left_out_and_counted(engine: ReleaseEngine, members: list[str]) -> None:
    first = ids(ask(engine, members[3], 20))
    answer = ask(engine, members[3], 10, exclude=frozenset(first[:3]), basket=frozenset({first[4], first[6]}))
    assert ids(answer) == [first[3], first[5], *first[7:15]]
    assert answer.filtered == {"excluded": 3, "in_basket": 2}


def test_only_what_would_have_been_shown_is_counted(engine: ReleaseEngine, members: list[str]) -> None:
    first = ids(ask(engine, members[3], 30))
    answer = ask(engine, members[3], 10, exclude=frozenset({first[25], "no such product"}))
    assert ids(answer) == first[:10]
    assert answer.filtered == {}


def test_a_product_that_is_excluded_and_in_the_basket_is_counted_once(
    engine: ReleaseEngine, members: list[str]
) -> None:
    first = ids(ask(engine, members[3], 1))
    assert ask(engine, members[3], exclude=frozenset(first), basket=frozenset(first)).filtered == {"excluded": 1}


def test_with_everything_excluded_nothing_is_left(engine: ReleaseEngine, members: list[str]) -> None:
    catalogue = frozenset(catalogue_of(engine))
    answer = ask(engine, members[0], 5, exclude=catalogue)
    assert answer.items == ()
    assert answer.filtered == {"excluded": len(catalogue), "no_more_products": 5}


@pytest.mark.parametrize(
    "member",
    [
        MemberRef(member_id="nobody"),
        MemberRef(source="pos", source_id="nobody"),
        MemberRef(phone_hash="0" * 64),
        MemberRef(anonymous_id="a-cookie"),
    ],
)
def test_an_unknown_member_gets_the_catalogue_by_popularity(engine: ReleaseEngine, member: MemberRef) -> None:
    answer = ask(engine, member, 12)
    assert answer.fallback is Fallback.NEW_MEMBER
    assert answer.member_id is None
    assert ids(answer) == catalogue_of(engine)[:12]
    assert {item.source for item in answer.items} == {"popularity"}
    assert {item.reasons[0].code for item in answer.items} == {"popular"}


def test_the_catalogue_stands_in_order_of_late_buyers(
    engine: ReleaseEngine, log: pd.DataFrame, settings: Settings
) -> None:
    """Popularity without our code: members who bought each product within the window, most first."""
    champion_at = engine.release.affinity.as_of
    window = timedelta(days=settings.affinity.sold_within_days)
    late = log[(log["ordered_at"] < champion_at) & (log["ordered_at"] >= champion_at - window)]
    buyers = late.groupby("product_id")["member_id"].nunique()
    found = buyers.reindex(ids(ask(engine, "nobody", 50))).tolist()
    assert found == sorted(buyers, reverse=True)[:50]


class Broken:
    """An online store that is down."""

    def member(self, _member_id: str) -> PackedMember | None:
        raise StoreUnavailable("down")

    def member_id(self, _key: str) -> MemberId | None:
        raise StoreUnavailable("down")


@pytest.mark.parametrize("member", [MemberRef(member_id="1"), MemberRef(source="s", source_id="1")])
def test_while_the_store_is_down_everybody_gets_the_catalogue_and_is_told(
    engine: ReleaseEngine, member: MemberRef
) -> None:
    down = dataclasses.replace(engine, online=Broken())  # type: ignore[arg-type]  # a fake
    answer = ask(down, member, 8, exclude=frozenset(catalogue_of(engine)[:1]))
    assert answer.fallback is Fallback.STORE_UNAVAILABLE
    assert answer.member_id is None
    assert ids(answer) == catalogue_of(engine)[1:9]
    assert answer.filtered == {"excluded": 1}
    with pytest.raises(StoreUnavailable):
        down.member_page(member)


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


@pytest.fixture(scope="module", params=["en", "zh"])
def explained(
    request: pytest.FixtureRequest, engine: ReleaseEngine, members: list[str]
) -> tuple[Locale, list[Recommendation]]:
    """Answers of a blend in which every source has its say."""
    answering = weighted(engine, EVERY_SOURCE)
    return request.param, [ask(answering, member, 320, locale=request.param) for member in members[::5]]


def test_every_source_has_its_reason_in_the_language_asked_for(
    explained: tuple[Locale, list[Recommendation]],
) -> None:
    locale, answers = explained
    items = [item for answer in answers for item in answer.items]
    assert {item.source for item in items} == set(SOURCES)
    assert {item.reasons[0].code for item in items} >= {"bought_often", "bought_once", "goes_with", "taste", "popular"}
    for item in items:
        (reason,) = item.reasons
        is_chinese = re.search("[\u4e00-\u9fff]", reason.sentence) is not None
        assert is_chinese == (locale == "zh"), reason.sentence
        if reason.code != "goes_with" and locale == "zh":
            assert not re.search("[A-Za-z]", reason.sentence)


def test_a_purchase_that_is_named_was_made_and_on_that_day(
    engine: ReleaseEngine, log: pd.DataFrame, members: list[str]
) -> None:
    checked = 0
    local = log.assign(day=log["ordered_at"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d"))
    for member in members[::10]:
        own = local[(local["member_id"] == member) & (local["ordered_at"] < engine.as_of)]
        own = own[own["ordered_at"] >= engine.as_of - timedelta(days=365)]
        for item in ask(engine, member, 100).items:
            bought = own[own["product_id"] == item.product_id].sort_values("ordered_at")
            if item.source != "frequency":
                continue
            day = bought["day"].iloc[-1]
            often = f"You bought it {len(bought)} times in a year, last on {day}."
            assert item.reasons[0].sentence == (often if len(bought) > 1 else f"You bought it on {day}.")
            checked += 1
    assert checked > 300


def test_a_purchase_that_a_product_goes_with_is_one_of_the_member_s_latest(
    engine: ReleaseEngine, settings: Settings, members: list[str]
) -> None:
    online = OnlineReader(settings, engine.release_id)
    answering = weighted(engine, EVERY_SOURCE)
    named = 0
    for member in members[::10]:
        packed = online.member(member)
        assert packed is not None
        latest = list(dict.fromkeys(packed.recent_product_ids))[:ANCHORS]
        names = {engine.release.products.name(each) for each in latest}
        for item in ask(answering, member, 100).items:
            sentence = item.reasons[0].sentence
            if item.reasons[0].code == "goes_with":
                assert sentence.removeprefix("Often bought by members who buy ").removesuffix(".") in names
                named += 1
    assert named > 5


@pytest.mark.parametrize("weights", [FREQUENCY_ALONE, BlendWeights(item_item=0.1, als=0.0, popularity=0.0)])
def test_a_source_without_weight_leaves_its_candidates_to_popularity(
    engine: ReleaseEngine, members: list[str], weights: BlendWeights
) -> None:
    answering = weighted(engine, weights)
    for member in members[::40]:
        answer = ask(answering, member, 320)
        assert len(answer.items) == 320
        without_score = [item for item in answer.items if item.score == 0]
        assert without_score
        assert {item.reasons[0].code for item in without_score} == {"popular"}


class Turned:
    """The online rows with every member's candidates stored in the opposite order."""

    def __init__(self, online: OnlineReader) -> None:
        self.online = online

    def member(self, member_id: str) -> PackedMember | None:
        packed = self.online.member(member_id)
        assert packed is not None
        return dataclasses.replace(
            packed, candidate_ids=packed.candidate_ids[::-1], candidate_values=packed.candidate_values[::-1]
        )


def test_equal_scores_stand_in_order_of_the_catalogue_however_they_are_stored(
    engine: ReleaseEngine, members: list[str]
) -> None:
    place = {product: row for row, product in enumerate(catalogue_of(engine))}
    answering = weighted(engine, FREQUENCY_ALONE)
    turned = dataclasses.replace(answering, online=Turned(engine.online))  # type: ignore[arg-type]  # a fake
    for member in members[::40]:
        answer = ask(turned, member, 300)
        assert answer == ask(answering, member, 300)
        packed = engine.online.member(member)
        assert packed is not None
        own = answer.items[: len(packed.candidate_ids)]
        equal = [place[item.product_id] for item in own if item.score == 0]
        assert len(equal) > 20
        assert equal == sorted(equal)


@hypothesis_settings(max_examples=80, deadline=None, derandomize=True)
@given(drawn=st.data())
def test_whatever_is_asked_the_count_is_kept_or_explained(
    engine: ReleaseEngine, members: list[str], drawn: st.DataObject
) -> None:
    member = drawn.draw(st.sampled_from([*members, "nobody"]))
    whole = ids(ask(engine, member, 10_000))
    assert len(whole) == len(set(whole)) == len(catalogue_of(engine))
    some = st.frozensets(st.sampled_from([*whole[:40], whole[-1], "no such product"]), max_size=30)
    exclude, basket = drawn.draw(some), drawn.draw(some)
    count = drawn.draw(st.one_of(st.integers(1, 60), st.integers(len(whole) - 40, len(whole) + 5)))
    answer = ask(engine, member, count, exclude=exclude, basket=basket)
    eligible = [product for product in whole if product not in exclude | basket]
    assert ids(answer) == eligible[:count]
    reached = whole if len(eligible) < count else whole[: whole.index(eligible[count - 1])]
    expected = {
        "excluded": sum(product in exclude for product in reached),
        "in_basket": sum(product in basket - exclude for product in reached),
        "no_more_products": max(0, count - len(eligible)),
    }
    assert answer.filtered == {rule: number for rule, number in expected.items() if number}


def at(settings: Settings, moment: datetime) -> Settings:
    return settings.model_copy(update={"as_of": moment})


def test_an_earlier_moment_than_the_release_s_is_refused(engine: ReleaseEngine, settings: Settings) -> None:
    earlier = engine.as_of - timedelta(seconds=1)
    with pytest.raises(Refused, match=r"release r000001: it knows what happened up to .* make one with `faces release"):
        load_engine(at(settings, earlier), engine.release_id)


def test_a_later_moment_is_answered_as_of_then_in_the_same_order(
    engine: ReleaseEngine, settings: Settings, members: list[str]
) -> None:
    later = load_engine(at(settings, engine.as_of + timedelta(days=3)), engine.release_id)
    answers = ask(engine, members[0], 50), ask(later, members[0], 50)
    assert answers[1].as_of - answers[0].as_of == timedelta(days=3)
    # Everything decays alike.
    assert ids(answers[0]) == ids(answers[1])


def test_a_damaged_release_is_not_loaded(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = small_shop.copy_to(tmp_path_factory.mktemp("damaged") / "home").settings
    release_id = require_active_release(settings.paths)
    file = release_folder(settings.paths, release_id) / "product_matrix.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ReleaseDamaged, match=r"product_matrix\.npz is damaged"):
        load_engine(settings, release_id)


@pytest.fixture(scope="module")
def popular(engine: ReleaseEngine) -> list[ProductId]:
    return [ProductId(each) for each in catalogue_of(engine)[:20]]


def test_similar_products_are_others_best_first_and_as_many_as_asked_for(
    engine: ReleaseEngine, popular: list[ProductId]
) -> None:
    for product in popular:
        cards = engine.similar(product, count=12)
        assert cards is not None
        found = [card.product_id for card in cards]
        assert len(found) == len(set(found)) == 12
        assert product not in found
        scores = [card.score for card in cards if card.score is not None]
        assert scores == sorted(scores, reverse=True)
        assert scores
        # Those of the same group, which have no score, come after.
        assert [card.score is None for card in cards] == sorted(card.score is None for card in cards)


def test_a_product_outside_the_catalogue_has_others_of_its_group(engine: ReleaseEngine) -> None:
    known = set(catalogue_of(engine))
    table = engine.release.products.table
    rare = table[~table["product_id"].isin(known) & table["subcategory"].notna()].iloc[0]
    cards = engine.similar(ProductId(rare["product_id"]), count=3)
    assert cards
    assert {card.score for card in cards} == {None}
    groups = table.set_index("product_id")["subcategory"]
    assert (groups == rare["subcategory"]).sum() > 3
    assert {groups[card.product_id] for card in cards} == {rare["subcategory"]}


def test_an_unknown_product_has_nothing_similar(engine: ReleaseEngine) -> None:
    assert engine.similar(ProductId("no such product"), count=3) is None


def test_the_whole_shelf_can_be_paged_through(engine: ReleaseEngine) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = engine.search("tea", limit=100, cursor=cursor)
        seen += [card.product_id for card in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 100
    order = engine.release.products.row_of
    assert seen == sorted(seen, key=lambda product: order[ProductId(product)])
