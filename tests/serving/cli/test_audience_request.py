from __future__ import annotations

import inspect
import json

import pytest
import typer

from features.contracts.errors import BadRequest, Refused
from serving.audiences.rule import AudienceRule
from serving.cli import audience as command
from serving.cli.audience_request import request_in, request_of

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(command.audience).parameters.items()
    if name not in command.NO_OPTIONS
}


def asked(**options):
    assert set(options) <= set(DEFAULTS)
    return request_of({**DEFAULTS, **options})


def test_a_category_and_a_size_are_the_shortest_request():
    assert asked(category="EGGS", size=7) == {"target": {"category": "EGGS"}, "size": 7}


def test_every_option_has_its_place_in_the_request():
    told = asked(
        launch_category="EGGS",
        launch_subcategory="BROWN",
        launch_brand="Brand",
        launch_price=2.5,
        analogue=["p1", "p2"],
        horizon=14,
        expected_buyers=12.0,
        bought_within=30,
        population_category="MILK",
        population_days=60,
        population_filter="tier == 'gold'",
        store=["s1"],
        order_channel=["app"],
        exclude_bought_within=7,
        exclude_contacted_within=14,
        exclude_audience=["a1"],
        channel="sms",
        combine='{"not": {"list": "l1"}}',
        holdout=0.1,
        with_coupons=True,
    )
    launch = {
        "category": "EGGS",
        "subcategory": "BROWN",
        "brand": "Brand",
        "price": 2.5,
        "analogues": ["p1", "p2"],
    }
    assert told == {
        "target": {"launch": launch},
        "horizon_days": 14,
        "expected_buyers": 12.0,
        "population": {
            "bought_within_days": 30,
            "bought_category_within": {"category": "MILK", "days": 60},
            "filter": "tier == 'gold'",
            "store_ids": ["s1"],
            "channels": ["app"],
        },
        "exclude": {"bought_within_days": 7, "contacted_within_days": 14, "audience_ids": ["a1"]},
        "channel": "sms",
        "combine": {"not": {"list": "l1"}},
        "holdout": {"share": 0.1},
        "with_coupons": True,
    }
    assert AudienceRule.from_json(told).to_json() == told


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({"product": ["p1"]}, {"product_ids": ["p1"]}),
        ({"list_": "l1"}, {"list_id": "l1"}),
        ({"department": "D", "subcategory": "S", "brand": "B"}, {"department": "D", "subcategory": "S", "brand": "B"}),
        ({"filter_": "price < 5"}, {"filter": "price < 5"}),
        ({"event": "visit"}, {"event": "visit"}),
        ({"lapse": True}, {"lapse": True}),
    ],
)
def test_each_way_to_name_a_target_is_an_option(options, target):
    assert asked(**options) == {"target": target}
    assert AudienceRule.from_json(asked(**options)).to_json()["target"] == target


def test_every_option_is_read():
    read = set(inspect.getsource(request_of).split('"'))
    assert {name for name in DEFAULTS if name not in read} == set()


def test_nothing_to_sell_is_a_misuse_that_names_the_ways():
    with pytest.raises(typer.BadParameter, match="--category"):
        asked(size=7)
    with pytest.raises(typer.BadParameter, match="--combine is no JSON"):
        asked(category="EGGS", combine="{")


def test_a_request_file_takes_the_place_of_options(tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"target": {"lapse": True}}), encoding="utf-8")
    assert command._request(DEFAULTS, file) == {"target": {"lapse": True}}
    with pytest.raises(typer.BadParameter, match="give no options of it beside"):
        command._request({**DEFAULTS, "size": 7}, file)


@pytest.mark.parametrize("text", ["[]", "{", None])
def test_a_request_file_without_an_object_is_refused(tmp_path, text):
    file = tmp_path / "request.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="request: "):
        request_in(file)


def test_a_key_that_a_request_does_not_have_is_named():
    with pytest.raises(BadRequest, match="colour"):
        AudienceRule.from_json({"target": {"lapse": True}, "colour": "red"})
