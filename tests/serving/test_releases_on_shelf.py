"""The shelf as a person looks at it: what each release changed, and one that cannot be read is listed all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from literal_release import put_on_shelf

from features.contracts.ids import ReleaseId
from serving.releases_on_shelf import changes_between, releases_on_shelf
from training.release.manifest import MANIFEST_FILE, read_manifest
from training.release.shelf import activate, release_folder

FIRST, SECOND, THIRD = (ReleaseId(f"r00000{number}") for number in (1, 2, 3))


@pytest.fixture
def shelf(settings):
    for release_id in (FIRST, SECOND):
        put_on_shelf(settings.paths, release_id)
        activate(settings, release_id)
    return settings.paths


def manifest(paths, release_id=FIRST, **changed):
    return read_manifest(release_folder(paths, release_id)).model_copy(update=changed)


def test_the_newest_stands_first_and_the_way_back_is_marked(shelf):
    newest, oldest = releases_on_shelf(shelf, in_service=SECOND)
    assert (newest.release_id, newest.is_in_service, newest.is_previous) == (SECOND, True, False)
    assert (oldest.release_id, oldest.is_in_service, oldest.is_previous, oldest.changes) == (FIRST, False, True, None)
    assert newest.changes is not None
    assert (newest.changes.against, newest.changes.models, newest.changes.settings) == (FIRST, (), ())


def test_a_damaged_one_is_listed_and_the_next_is_compared_with_the_one_before_it(shelf, settings):
    put_on_shelf(settings.paths, THIRD)
    (release_folder(shelf, SECOND) / MANIFEST_FILE).write_text("{")
    third, second, _ = releases_on_shelf(shelf, in_service=FIRST)
    assert (second.manifest, second.changes) == (None, None)
    assert third.changes is not None
    assert third.changes.against == FIRST


@pytest.mark.parametrize(
    ("metrics", "verdict"),
    [
        ({"primary": 0.30, "primary_standard_error": 0.01}, "better"),
        ({"primary": 0.20, "primary_standard_error": 0.01}, "worse"),
        ({"primary": 0.255, "primary_standard_error": 0.01}, "alike"),
        ({}, "unknown"),
    ],
)
def test_a_model_s_version_is_judged_by_its_first_measure_and_its_error(shelf, metrics, verdict):
    before = manifest(shelf)
    model = before.propensity.model_copy(update={"number": "4", "run_id": "other", "metrics": metrics})
    (change,) = changes_between(before, manifest(shelf, propensity=model)).models
    assert (change.model, change.number, change.number_before) == ("purchase_propensity", "4", "3")
    assert change.verdict == verdict


def test_data_members_features_and_settings_that_differ_are_named(shelf):
    before = manifest(shelf, settings={"seed": 7, "affinity": {"factors": 16, "k": 1}})
    now = manifest(
        shelf,
        as_of=before.as_of + timedelta(days=7),
        members=5,
        products=1,
        feature_schema="other",
        settings={"seed": 7, "affinity": {"factors": 32, "k": 1}, "new": True},
        coupons=before.affinity,
    )
    found = changes_between(before, now)
    assert (found.data, found.members, found.products) == (timedelta(days=7), 3, -2)
    assert found.has_other_features
    assert found.settings == ("affinity.factors", "new")
    assert [(each.model, each.number_before) for each in found.models] == [("coupon_redemption", None)]
    assert changes_between(now, before).models_gone == ("coupon_redemption",)
