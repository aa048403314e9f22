from __future__ import annotations

from datetime import UTC, datetime

import pytest
from literal_release import put_on_shelf

from features.contracts.ids import ReleaseId
from serving.records.audit import list_audit
from training.release.manifest import MANIFEST_FILE
from training.release.quality import (
    QUALITY_FILE,
    Bin,
    Comparison,
    Measure,
    MethodQuality,
    ModelQuality,
    PartQuality,
    ReleaseQuality,
    TenthOfMembers,
    write_quality,
)
from training.release.shelf import activate, active_release, release_folder

PAGE = "/console/quality"
FIRST, SECOND = ReleaseId("r000001"), ReleaseId("r000002")
AT = datetime(2017, 12, 31, 5, tzinfo=UTC)


def method(name, kind, **values):
    return MethodQuality(
        method=name, kind=kind, measures={each: Measure(value=value, error=0.1) for each, value in values.items()}
    )


QUALITY = ReleaseQuality(
    models=(
        ModelQuality(
            model="product_affinity",
            number=4,
            trained_at=AT,
            learnt_until=AT,
            parts=(
                PartQuality(
                    part="recommendations",
                    counted="members",
                    comparisons=(
                        Comparison(
                            over="all",
                            count=1283,
                            methods=(
                                method("order served", "product", hit=0.77),
                                method("popularity", "baseline", hit=0.49),
                            ),
                        ),
                    ),
                ),
            ),
            not_measured=("week 3 is too early",),
        ),
        ModelQuality(
            model="purchase_propensity",
            number=7,
            trained_at=AT,
            learnt_until=AT,
            parts=(
                PartQuality(
                    part="propensity",
                    counted="targets",
                    tested_on=("2017-12-04",),  # type: ignore[arg-type]  # pydantic reads it
                    horizon_days=28,
                    comparisons=tuple(
                        Comparison(
                            over=over,
                            count=86,
                            methods=(
                                method("thousand-faces", "product", lift10=5.14, auc=0.83),
                                method("recency", "baseline", lift10=4.5, auc=0.75),
                            ),
                        )
                        for over in ("all", "brand", "kind of its own")
                    ),
                    reliability=(
                        Bin(predicted=0.01, observed=0.0, rows=90),
                        Bin(predicted=0.2, observed=0.194, rows=10),
                    ),
                    tenths=(TenthOfMembers(tenth=1, members=10, buyers=5, lift=5.14, lift_error=0.1),),
                ),
            ),
            fallbacks=("launches: 13 past launches, 20 are needed; a new product is answered for",),
        ),
        ModelQuality(model="of its own", number=1, trained_at=AT, learnt_until=AT, parts=()),
    )
)


@pytest.fixture
def shelf(api):
    settings = api.state.settings
    for release_id in (FIRST, SECOND):
        put_on_shelf(settings.paths, release_id)
        activate(settings, release_id)
    # the fake engine serves the first
    write_quality(release_folder(settings.paths, FIRST), QUALITY)
    return settings


@pytest.fixture
def analyst(signed_in):
    return signed_in("analyst")


@pytest.mark.usefixtures("shelf")
def test_each_model_has_its_worth_in_a_sentence_beside_what_is_simpler(analyst):
    page = analyst.get(PAGE).text
    assert "Of 100 members who bought in the week that followed, 77 bought at least one" in page
    assert "of the 10 products bought most, 49 bought one" in page
    assert "5.1 times as many buy as of members taken by lot; the best simple rule makes it 4.5 times" in page
    assert "it said 20.0% on average; 19.4% came true" in page
    assert "Who bought what is like a new product decides who will buy it." in page
    assert "It predicted the 28 days from 4 Dec 2017" in page
    assert "kind of its own" in page


@pytest.mark.usefixtures("shelf")
def test_the_page_is_chinese_for_who_reads_chinese(analyst):
    analyst.language = "zh-CN"
    page = analyst.get(PAGE).text
    assert "购买人数是随机抽取会员的 5.1 倍" in page
    assert "平均预测为 20.0%，实际为 19.4%" in page


def test_home_draws_where_the_buyers_are_where_the_release_tells_it(shelf, analyst):
    title = "From the best tenth of the members to the last"
    page = analyst.get("/console").text
    assert title in page
    assert "The best 10%" in page
    (release_folder(shelf.paths, FIRST) / QUALITY_FILE).unlink()
    assert title not in analyst.get("/console").text


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_release_without_figures_says_what_to_do(shelf, analyst, damage):
    file = release_folder(shelf.paths, FIRST) / QUALITY_FILE
    file.unlink() if damage == "missing" else file.write_text("{")
    answer = analyst.get(PAGE)
    assert answer.status_code == 200
    assert "does not carry the figures of its models" in answer.text
    assert "faces train" in answer.text


def test_a_damaged_release_is_shown_as_damaged(shelf, analyst):
    (release_folder(shelf.paths, SECOND) / MANIFEST_FILE).unlink()
    page = analyst.get(PAGE).text
    assert "It cannot be put into service." in page
    assert f"Release {SECOND} should be in service." in page


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"release_id": "r000002"}'])
def test_a_damaged_pointer_is_told_and_never_a_failure(shelf, analyst, text):
    (shelf.paths.releases / "active").write_text(text)
    page = analyst.get(PAGE)
    assert page.status_code == 200
    assert ("faces release --activate r000001" in page.text) == ("release_id" not in text)
    assert analyst.get(PAGE + "/back").status_code == 200
    assert analyst.post(PAGE + "/back", {"leaving": SECOND}).status_code == 409


def test_the_way_back_is_shown_to_who_may_go_it(shelf, signed_in):
    assert "Go back to the one before" in signed_in("analyst").get(PAGE).text
    marketer = signed_in("marketer")
    assert "Go back to the one before" not in marketer.get(PAGE).text
    assert marketer.get(PAGE + "/back").status_code == 403
    assert marketer.post(PAGE + "/back", {"leaving": SECOND}).status_code == 403
    assert signed_in("associate").get(PAGE).status_code == 403
    assert active_release(shelf.paths) == SECOND


def test_going_back_asks_first_and_is_audited_with_the_user(shelf, api, analyst):
    asked = analyst.get(PAGE + "/back").text
    assert f'name="leaving" value="{SECOND}"' in asked
    assert f"Go back to {FIRST}" in asked
    done = analyst.post(PAGE + "/back", {"leaving": SECOND})
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?back={FIRST}")
    assert active_release(shelf.paths) == FIRST
    assert f"Release {FIRST} goes back into service" in analyst.get(done.headers["location"]).text
    with api.state.records.reading() as transaction:
        (act,) = (each for each in list_audit(transaction, limit=20) if each.what == "release_gone_back")
    assert act.details == {"release_id": FIRST, "instead_of": SECOND}
    assert act.who not in ("service", "command")


def test_a_second_click_changes_nothing_and_says_so(shelf, analyst):
    analyst.post(PAGE + "/back", {"leaving": SECOND})
    again = analyst.post(PAGE + "/back", {"leaving": SECOND})
    assert again.status_code == 409
    assert "Nothing was changed." in again.text
    assert active_release(shelf.paths) == FIRST


def test_a_forged_form_changes_nothing(shelf, analyst):
    assert analyst.post(PAGE + "/back", {"leaving": SECOND}, token=None).status_code == 403
    assert active_release(shelf.paths) == SECOND


def test_with_one_release_there_is_nothing_to_go_back_to(api, analyst):
    put_on_shelf(api.state.settings.paths, FIRST)
    activate(api.state.settings, FIRST)
    assert "There is no release to go back to." in analyst.get(PAGE + "/back").text
    assert "Go back to the one before" not in analyst.get(PAGE).text
