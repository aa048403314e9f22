"""Finding a member, the member's page, the stores and their worklists, as a browser gets them."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from literal_view import AS_OF, VIEW, write_stores

from features.contracts.ids import ProductId
from serving.answers import BundledProduct, MemberRef, Reason, Recommendation, RecommendedItem
from serving.members.view import MemberView
from serving.records.events import NewEvent, add_events
from serving.state import ANSWERED_FOLDER
from serving.stores.worklist import WorkReason

NUMBER = "+86 138-1234 5678"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def marketer(signed_in_with_key):
    return signed_in_with_key("admin")


@pytest.fixture
def associate(signed_in_with_key):
    return signed_in_with_key("associate")


def shown(monkeypatch: pytest.MonkeyPatch, engine, **changed: object) -> None:
    """The member's view is another one."""
    view: MemberView = replace(VIEW, **changed)  # type: ignore[arg-type]  # fields of the view
    monkeypatch.setattr(type(engine), "member_view", lambda *_told, **_asked: view)


def test_a_member_is_found_by_an_id_a_card_or_a_channel_s_id_and_led_to(marketer):
    for text, source in ((" m1 ", ""), ("8800 1", ""), ("1", "pos")):
        found = marketer.post("/console/members", {"text": text, "source": source})
        assert (found.status_code, found.headers["location"]) == (303, "/console/members/m1"), text


def test_a_number_stands_in_no_address_no_page_and_no_log(marketer, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = marketer.post("/console/members", {"text": NUMBER})
    assert answer.status_code == 200
    assert "+86" in answer.text  # what to try
    digits = "".join(each for each in answer.text + caplog.text + str(answer.url) if each.isdigit())
    assert "13812345678" not in digits


def test_nobody_found_says_what_to_try(marketer):
    answer = marketer.post("/console/members", {"text": "nobody"})
    assert answer.status_code == 200
    assert "Nobody was found" in answer.text
    assert "What to try" in answer.text


def test_whom_a_text_may_mean_is_asked(marketer, engine, monkeypatch):
    others = {MemberRef(member_id="7"): "m/7", MemberRef(card_no="7"): "m<8>"}
    known = type(engine).known

    def find(self, member):
        found = known(self, MemberRef(member_id="m1"))
        return replace(found, member_id=others[member]) if member in others else None

    monkeypatch.setattr(type(engine), "known", find)
    answer = marketer.post("/console/members", {"text": "7"})
    assert "Which one do you mean?" in answer.text
    assert 'href="/console/members/m%2F7"' in answer.text
    assert "m&lt;8&gt;" in answer.text


def test_a_search_without_the_session_s_token_is_refused(marketer):
    assert marketer.post("/console/members", {"text": "m1"}, token=None).status_code == 403


def test_the_page_says_everything_that_is_known(marketer):
    text = marketer.get("/console/members/m1").text
    for each in (
        *("Anna", "138****1234", "Text message: yes", "E-mail: no", "WeChat: not asked", "Buys as usual", "Downtown"),
        *("Tea", "of 100 such coupons about 25 are used", "Unused.", "Product p1", "QR code", "skin", "上海", "120"),
        *("Comes about every 8 days", "visit-weeks", "visit-hours", "tastes-chart", "45-54", "TEA"),
    ):
        assert each in text, each
    assert "None" not in text
    assert 'href="/console/members/m2"' in text  # who brought her


def test_the_page_is_told_in_chinese(marketer):
    marketer.language = "zh-CN"
    text = marketer.get("/console/members/m1").text
    for each in ("现在推荐什么", "持有的优惠券", "短信：可以", "约每8天来一次", "到店规律"):
        assert each in text, each


def test_the_sentences_of_the_page_are_asked_for_in_its_language(marketer, engine):
    marketer.language = "zh-CN"
    marketer.get("/console/members/m1")
    assert engine.locales == ["zh"]
    assert {each.locale for each in engine.asked} == {"zh"}


def test_what_is_absent_is_left_out_or_says_what_to_do(marketer, engine, monkeypatch):
    absent = {
        "contact": replace(VIEW.contact, name=None, has_phone=False, phone=None, has_wechat=False),
        "joined": replace(VIEW.joined, at=None, store=None, via=None, brought_by=None),
        **dict.fromkeys(("value_tier", "lifecycle_stage", "next_visit", "habits", "points", "home_store", "associate")),
        **dict.fromkeys(("tags", "favourite_categories", "due_products", "recent_purchases", "orders", "events"), ()),
        **dict.fromkeys(("measurements", "coupons", "benefits_unused", "facts", "identities"), ()),
        "coupons_held": 0,
    }
    shown(monkeypatch, engine, **absent)
    text = marketer.get("/console/members/m1").text
    assert '<h1 id="who" translate="no">Member m1</h1>' in text
    assert "None" not in text
    for each in ("has not bought anything yet", "holds no coupon", "No visit is known yet", "not known how the member"):
        assert each in text, each


def test_a_name_with_a_script_in_it_is_shown_and_not_run(marketer, engine, monkeypatch):
    item = RecommendedItem(
        id="b",
        type="bundle",
        name=SCRIPT,
        score=1.0,
        source=SCRIPT,
        reasons=(Reason(code="x", sentence=SCRIPT),),
        products=(BundledProduct(product_id=ProductId("p1"), name=SCRIPT, price=None),),
    )
    monkeypatch.setattr(type(engine), "recommend", lambda self, _query: _answer(self, item))
    shown(
        monkeypatch,
        engine,
        contact=replace(VIEW.contact, name=SCRIPT),
        tags=tuple(replace(each, sentence=SCRIPT) for each in VIEW.tags),
        favourite_categories=tuple(replace(each, category=SCRIPT) for each in VIEW.favourite_categories),
        measurements=tuple(replace(each, name=SCRIPT, value="</script>" + SCRIPT) for each in VIEW.measurements),
        coupons=tuple(replace(each, name=SCRIPT) for each in VIEW.coupons),
        attributes=replace(VIEW.attributes, city=SCRIPT, further='{"' + SCRIPT.replace('"', "") + '": 1}'),
    )
    text = marketer.get("/console/members/m1").text
    assert "alert(1)" in text
    assert "<script>alert" not in text


def _answer(engine, item):
    return Recommendation(
        member_id=None, as_of=engine.as_of, release_id=engine.release_id, items=(item,), fallback=None, filtered={}
    )


def test_looking_at_offers_is_no_impression(marketer, api):
    for _ in range(3):
        marketer.get("/console/members/m1")
    assert api.engine.asked
    answered = api.state.settings.paths.records / ANSWERED_FOLDER
    # the count of answers that are logged, as it stands on disk
    assert [int.from_bytes(file.read_bytes(), "little") for file in answered.iterdir()] == [0]


def test_every_place_s_ideas_can_be_asked_for(marketer, engine):
    names = [
        each.split('"')[0] for each in marketer.get("/console/members/m1").text.split("/console/members/m1?place=")[1:]
    ]
    assert len(names) == 8
    for name in names:
        engine.asked.clear()
        text = marketer.get(f"/console/members/m1?place={name.split('#')[0]}").text
        assert 'aria-current="true"' in text
        assert name.split("#")[0] in {each.scenario for each in engine.asked}


def test_a_place_that_starts_from_a_product_starts_from_the_latest_purchase_or_the_chosen_one(marketer, engine):
    marketer.get("/console/members/m1?place=product")
    assert engine.asked[0].product_id == "p1"
    engine.asked.clear()
    marketer.get("/console/members/m1?place=cart&product=p7")
    assert (engine.asked[0].basket, engine.asked[0].product_id) == (("p7",), None)


def test_events_are_told_in_words(marketer, api):
    told = NewEvent(
        message_id="e1",
        type="Zone Dwelled",
        occurred_at=datetime(2017, 12, 31, 4, tzinfo=UTC),
        received_at=AS_OF,
        source="pos",
        source_id="1",
        member_key="m1",
        store_id="s1",
        zone="tea corner",
    )
    with api.state.records.writing() as transaction:
        add_events(transaction, [told])
    text = marketer.get("/console/members/m1").text
    assert "Stayed in a part of the store" in text
    assert "tea corner" in text


def test_a_member_who_is_not_there_leads_to_the_search(marketer):
    answer = marketer.get("/console/members/m9")
    assert answer.status_code == 404
    assert "There is no such member" in answer.text
    assert 'name="text"' in answer.text


def test_an_id_with_a_slash_has_a_page(marketer):
    assert marketer.get("/console/members/old%2F1").status_code == 200
    assert marketer.get("/console/members/old/1").status_code == 200


@pytest.fixture
def shop(tmp_path, engine):
    """An engine whose release knows stores; it is frozen, and the service holds it already."""
    folder = tmp_path / "release"
    folder.mkdir()
    members = [("s1", "m1", 0.5, 8.0, ["spring"]), ("s1", SCRIPT, -1.0, 7.0, None), ("s2", "eve", 0.5, 8.0, None)]
    object.__setattr__(engine, "stores", write_stores(folder, members, []))
    return engine


@pytest.mark.usefixtures("shop")
def test_a_worklist_begins_with_the_first_reason_that_somebody_stands_for(marketer):
    text = marketer.get("/console/stores/s1").text
    assert "Downtown" in text
    assert "Expected today: comes about every 8 days" in text
    assert 'href="/console/members/m1"' in text
    assert "<script>alert" not in text
    assert f'href="/console/members/{quote(SCRIPT, safe="")}"' in text


@pytest.mark.usefixtures("shop")
def test_every_reason_has_a_list_or_says_what_to_do_next(marketer):
    for store, empty in (("s1", {"here_now", "joined_today"}), (quote("三号店"), set(WorkReason))):
        for reason in WorkReason:
            text = marketer.get(f"/console/stores/{store}?reason={reason}").text
            assert ('class="empty"' in text) == (reason in empty), (store, reason)
            assert ('class="choices card"' in text) == (reason not in empty), (store, reason)


@pytest.mark.usefixtures("shop")
def test_an_associate_is_led_to_the_own_store_and_sees_no_other(associate):
    led = associate.get("/console/stores")
    assert (led.status_code, led.headers["location"]) == (303, "/console/stores/s1")
    own = associate.get("/console/stores/s1")
    assert own.status_code == 200
    assert "/console/audiences" not in own.text
    assert associate.get("/console/stores/s2").status_code == 403


def test_an_associate_may_look_every_member_up(shop, associate):
    assert "whichever store is theirs" in associate.get("/console/members").text
    assert associate.get("/console/members/m1").status_code == 200
    assert {each.store_id for each in shop.asked} == {"s1"}


@pytest.mark.usefixtures("shop")
def test_stores_are_found_by_name_and_city(marketer):
    every = marketer.get("/console/stores").text
    assert every.index("/console/stores/s1") < every.index("/console/stores/s2")
    found = marketer.get("/console/stores?named=DOWN").text
    assert "/console/stores/s1" in found
    assert "/console/stores/s2" not in found
    assert "No store is called so." in marketer.get("/console/stores?named=nowhere").text


def test_without_stores_the_page_says_what_to_hand_over(marketer):
    assert "No store is known yet." in marketer.get("/console/stores").text


def test_nobody_sees_members_without_signing_in(browser):
    for path in ("/console/members", "/console/members/m1", "/console/stores", "/console/stores/s1"):
        answer = browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in")
