from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from literal_people import LATEST_AT, person, write_people

from features.contracts.atomic import write_json
from features.contracts.clock import moment_text
from features.contracts.errors import Conflict, NothingLoaded
from features.prepared import GROUPINGS_FILE, PURCHASES_FILE, VISITS_FILE
from features.schema import computation_hash
from features.snapshots import current_build
from serving.records.audience_members import SCHEMA, replace_members
from serving.records.audience_reports import replace_report
from serving.records.audiences import add_audience, find_audience, mark_done
from serving.records.exported_members import add_exported
from serving.results.measuring import measure
from serving.results.results import PLACEBO, audience_results
from serving.results.window import Window
from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription, ProductsTarget

AS_OF = datetime(2017, 11, 1, tzinfo=UTC)
UNTIL = AS_OF + timedelta(days=28)
WINDOW = Window(from_at=AS_OF, until_at=UNTIL)
MILK = ProductsTarget(product_ids=("milk",))
PURCHASES = [
    # member, product, ordered_at, spend
    ("ann", "milk", AS_OF, 2.0),  # at the very moment: inside
    ("ann", "milk", AS_OF + timedelta(days=3), 3.0),
    ("ben", "bread", AS_OF + timedelta(days=1), 9.0),  # of another product
    ("cleo", "milk", UNTIL, 4.0),  # at the very end: outside
    ("dora", "milk", AS_OF - timedelta(seconds=1), 5.0),  # before
    ("eve", "milk", UNTIL - timedelta(seconds=1), 6.0),
    (None, "milk", AS_OF + timedelta(days=1), 7.0),  # nobody's
    ("ben", "oat drink", AS_OF + timedelta(days=9), 8.0),
]
CATEGORY = {"milk": "DAIRY", "bread": "BAKERY", "oat drink": "DAIRY"}
EVERYBODY = ("ann", "ben", "cleo", "dora", "eve")


def write_build(settings, people, *, tables_version="000001-a"):
    """Tables of people, and features that hold PURCHASES."""
    write_people(settings, people, products=sorted(CATEGORY), version=tables_version)
    version = f"{tables_version}-{computation_hash()}"
    folder = settings.paths.features / version
    folder.mkdir(parents=True, exist_ok=True)
    bought = pd.DataFrame(PURCHASES, columns=["member_id", "product_id", "ordered_at", "spend"])
    bought.to_parquet(folder / PURCHASES_FILE)
    bought[bought["member_id"].notna()].drop(columns="product_id").to_parquet(folder / VISITS_FILE)
    products = {"product_id": list(CATEGORY), "category": list(CATEGORY.values())}
    products |= dict.fromkeys(("brand", "department", "subcategory"), ["-"] * len(CATEGORY))
    pq.write_table(pa.table(products), folder / GROUPINGS_FILE)
    told = {"version": version, "tables_version": tables_version, "moments": [moment_text(LATEST_AT)]}
    write_json(settings.paths.features / "current", {**told, "as_of": moment_text(LATEST_AT)})
    return current_build(settings.paths)


@pytest.fixture
def build(settings):
    return write_build(settings, [person(name) for name in EVERYBODY])


def members(selected, held_out=()):
    ids = [*selected, *held_out]
    flags = [False] * len(selected) + [True] * len(held_out)
    return [pa.record_batch({"member_id": ids, "is_held_out": pa.array(flags, pa.bool_())})]


def outcome_of(settings, build, target, selected, held_out=(), told=()):
    return measure(settings, build, target, WINDOW, members=members(selected, held_out), told=told)


def test_a_purchase_counts_from_the_moment_on_and_before_the_end(settings, build):
    outcome = outcome_of(settings, build, MILK, ["ann", "ben", "cleo", "dora"], ["eve", "nobody"])
    assert (outcome.selected.group.members, outcome.selected.group.buyers, outcome.selected.revenue) == (4, 1, 5.0)
    assert (outcome.held_out.group.members, outcome.held_out.group.buyers, outcome.held_out.revenue) == (2, 1, 6.0)
    assert outcome.difference.estimate == pytest.approx(0.25 - 0.5)
    assert outcome.ratio.estimate == pytest.approx(0.5)
    assert outcome.revenue_difference.estimate == pytest.approx(5.0 / 4 - 6.0 / 2)


def test_only_those_told_count_as_exported(settings, build):
    outcome = outcome_of(settings, build, MILK, ["ann", "ben"], ["eve"], told=["ann", "eve", "stranger"])
    assert (outcome.exported.group.members, outcome.exported.group.buyers) == (1, 1)


@pytest.mark.parametrize(
    ("target", "buyers"),
    [
        (EventTarget(type=EventType.VISIT), 3),  # ann, ben, eve
        (LapseTarget(), 2),  # cleo, dora
        (EventTarget(type=EventType.COUPON_REDEEMED), 0),  # nothing was handed over
    ],
)
def test_events_and_lapse_are_counted_without_revenue(settings, build, target, buyers):
    outcome = outcome_of(settings, build, target, EVERYBODY)
    assert (outcome.selected.group.buyers, outcome.selected.revenue) == (buyers, None)


def test_a_described_launch_is_what_fits_and_was_first_sold_afterwards(settings, build):
    outcome = outcome_of(settings, build, LaunchDescription(category="DAIRY"), EVERYBODY)
    # milk was sold before, bread is of another category
    assert (outcome.selected.group.buyers, outcome.selected.revenue) == (1, 8.0)


def test_without_a_holdout_there_is_no_lift(settings, build):
    outcome = outcome_of(settings, build, MILK, EVERYBODY)
    assert (outcome.difference.estimate, outcome.ratio.low, outcome.revenue_difference.high) == (None, None, None)


def test_held_out_wins_when_two_ids_turn_out_to_be_one_person(settings):
    people = [
        person("ann", member_id="P1"),
        person("ann-app", source="app", member_id="P1"),
        person("ben"),
        person("7", source="crm", member_id="P2"),
        person("7", source="app", member_id="ben"),
    ]
    build = write_build(settings, people)
    outcome = outcome_of(settings, build, MILK, ["ann", "ben", "crm:7"], ["ann-app", "vanished"])
    persons = outcome.persons
    assert (persons.members, persons.persons, persons.held_out_wins, persons.no_longer_known) == (5, 4, 1, 1)
    assert (outcome.selected.group.members, outcome.held_out.group.members) == (2, 2)


def test_an_id_that_still_names_a_member_is_that_member(settings):
    # somebody else's own id in another channel reads the same
    build = write_build(settings, [person("x", member_id="ann"), person("ann", source="app", member_id="eve")])
    outcome = outcome_of(settings, build, MILK, ["ann"])
    assert outcome.selected.revenue == 5.0


@pytest.fixture
def audience(records, now):
    def made(*, horizon_days=28, as_of=AS_OF, manifest=None, **summary):
        figures = {"as_of": moment_text(as_of), "horizon_days": horizon_days, **summary}
        rows = [(1, "ann", 0.9, 1.0, False, None, None), (2, "eve", 0.8, 1.0, True, None, None)]
        columns = [pa.array(each, field.type) for each, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
        with records.writing() as transaction:
            add_audience(transaction, "a1", name=None, rule={"target": {"product_ids": ["milk"]}}, at=now)
            replace_members(transaction, "a1", pa.table(columns, schema=SCHEMA))
            replace_report(
                transaction,
                "a1",
                {"manifest": {"target_products": {"ids": ["milk"] if manifest is None else manifest}}},
            )
            mark_done(transaction, "a1", summary=figures, at=now)
            return find_audience(transaction, "a1")

    return made


@pytest.mark.usefixtures("build")
def test_predicted_stands_beside_actual(settings, records, audience):
    interval = {"expected": 0.9, "low": 0.0, "high": 1.0}
    found = audience_results(settings, records, audience(expected_buyers_interval=interval)).to_json()
    assert found["predicted"]["buyers"] == {**interval, "actual": 1.0, "is_within": True}
    assert found["predicted"]["revenue"] == {
        "expected": None, "low": None, "high": None, "actual": 5.0, "is_within": None,
    }  # fmt: skip
    assert (found["until"], found["products"], found["contacts"]) == ("2017-11-29T00:00:00Z", 1, "given")


@pytest.mark.usefixtures("build")
def test_the_products_of_then_count_whatever_the_rule_finds_today(settings, records, audience):
    found = audience_results(settings, records, audience(manifest=["bread"]))
    assert found.outcome.selected.group.buyers == 0


@pytest.mark.usefixtures("build")
def test_results_of_a_described_launch_say_what_was_counted(settings, records, audience):
    made = replace(audience(manifest=[]), rule={"target": {"launch": {"category": "DAIRY"}}})
    described, named = (
        audience_results(settings, records, made, product_ids=product_ids) for product_ids in ((), ("bread",))
    )
    assert "every product that fits" in described.to_json()["note"]
    assert (named.to_json()["note"], named.to_json()["products"]) == (PLACEBO, 1)


@pytest.mark.usefixtures("build")
def test_an_export_before_the_end_makes_it_no_placebo(settings, records, audience):
    made = audience()
    assert audience_results(settings, records, made).to_json()["note"] == PLACEBO
    for export_id, at in (("late", UNTIL), ("early", UNTIL - timedelta(seconds=1))):
        assert audience_results(settings, records, made).is_placebo
        with records.writing() as transaction:
            add_exported(transaction, ["ann"], export_id=export_id, audience_id="a1", channel=None, at=at)
    assert not audience_results(settings, records, made).is_placebo


@pytest.mark.usefixtures("build")
def test_a_horizon_that_has_not_passed_is_refused_with_the_day_that_it_will_be_known(settings, records, audience):
    with pytest.raises(Conflict, match=r"end at 2018-01-01 05:00 UTC.*known up to 2017-12-31 05:00"):
        audience_results(settings, records, audience(as_of=LATEST_AT, horizon_days=1))


@pytest.mark.usefixtures("build")
def test_what_lies_after_the_moment_of_the_service_is_not_known_yet(settings, records, audience):
    at = settings.model_copy(update={"as_of": UNTIL - timedelta(days=1)})
    with pytest.raises(Conflict, match=r"known up to 2017-11-28"):
        audience_results(at, records, audience())


def test_features_of_other_tables_than_those_loaded_answer_nothing(settings, records, audience):
    write_build(settings, [person("ann")])
    write_people(settings, [person("ann")], version="000002-b")
    with pytest.raises(NothingLoaded, match="run `faces features` first"):
        audience_results(settings, records, audience())
