from __future__ import annotations

import pytest
from literal_release import put_on_shelf

from features.contracts.ids import ReleaseId
from training.release.quality import QUALITY_FILE, ReleaseQuality, write_quality
from training.release.shelf import activate, active_release, release_folder

FIRST, SECOND = ReleaseId("r000001"), ReleaseId("r000002")


@pytest.fixture
def shelf(api):
    for release_id in (FIRST, SECOND):
        put_on_shelf(api.state.settings.paths, release_id)
        activate(api.state.settings, release_id)
    return api.state.settings


@pytest.mark.usefixtures("shelf")
def test_the_releases_are_listed_with_what_each_changed(api):
    body = api.send("GET", "/v1/releases", key="audiences").json()
    second, first = body["items"]
    # the fake engine serves the first
    assert (first["id"], first["is_in_service"], first["is_previous"], first["changes"]) == (FIRST, True, True, None)
    assert (second["id"], second["is_in_service"], second["is_readable"]) == (SECOND, False, True)
    assert second["changes"]["against"] == FIRST
    assert first["models"] == {"product_affinity": "3", "purchase_propensity": "3"}
    assert body["next_cursor"] is None


def test_a_damaged_release_is_listed_as_such(api, shelf):
    (release_folder(shelf.paths, SECOND) / "manifest.json").write_text("")
    damaged = api.send("GET", "/v1/releases").json()["items"][0]
    assert (damaged["id"], damaged["is_readable"], damaged["as_of"], damaged["models"]) == (SECOND, False, None, None)


def test_the_quality_of_a_release_is_shown_and_a_missing_or_damaged_one_is_404(api, shelf):
    folder = release_folder(shelf.paths, SECOND)
    assert api.send("GET", f"/v1/releases/{SECOND}/quality").status_code == 404
    assert api.send("GET", "/v1/releases/r000009/quality").status_code == 404
    write_quality(folder, ReleaseQuality(models=()))
    assert api.send("GET", f"/v1/releases/{SECOND}/quality", key="audiences").json() == {"models": []}
    (folder / QUALITY_FILE).write_text("{")
    assert api.send("GET", f"/v1/releases/{SECOND}/quality").status_code == 404
    assert api.send("GET", "/v1/releases/..%2Fr000001/quality").status_code in (404, 422)


def test_the_way_back_answers_the_same_to_a_repetition(api, shelf):
    body, key = {"in_service": SECOND}, {"Idempotency-Key": "k1"}
    answers = [api.send("POST", "/v1/releases/previous", key="releases", json=body, headers=key) for _ in range(2)]
    assert [each.json() for each in answers] == [{"release": FIRST, "instead_of": SECOND}] * 2
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert active_release(shelf.paths) == FIRST


def test_another_release_in_service_is_a_conflict(api, shelf):
    refused = api.send("POST", "/v1/releases/previous", key="releases", json={"in_service": FIRST})
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert active_release(shelf.paths) == SECOND
