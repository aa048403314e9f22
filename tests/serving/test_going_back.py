"""The way back: audited, refused where it would not be what the asker saw, and never into a damaged release."""

from __future__ import annotations

import pytest
from literal_release import put_on_shelf

from features.contracts.atomic import exclusive
from features.contracts.errors import Conflict
from features.contracts.ids import ReleaseId
from serving.going_back import go_back
from serving.records.audit import list_audit
from training.release.shelf import activate, active_release, previous_release, release_folder

FIRST, SECOND = ReleaseId("r000001"), ReleaseId("r000002")


@pytest.fixture
def shelf(settings):
    for release_id in (FIRST, SECOND):
        put_on_shelf(settings.paths, release_id)
        activate(settings, release_id)
    return settings


def acts(records):
    with records.reading() as transaction:
        return [(each.what, each.who, each.details) for each in list_audit(transaction, limit=10)]


def test_the_release_before_takes_the_place_and_the_act_is_audited(shelf, records, now):
    assert previous_release(shelf.paths) == FIRST
    assert go_back(shelf, records, leaving=SECOND, who="u-1", at=now).release_id == FIRST
    assert (active_release(shelf.paths), previous_release(shelf.paths)) == (FIRST, SECOND)
    assert acts(records) == [("release_gone_back", "u-1", {"release_id": FIRST, "instead_of": SECOND})]


def test_asked_twice_it_does_not_go_forth_again(shelf, records, now):
    go_back(shelf, records, leaving=SECOND, who="u-1", at=now)
    with pytest.raises(Conflict, match="r000002 is not in service; r000001 is"):
        go_back(shelf, records, leaving=SECOND, who="u-1", at=now)
    assert active_release(shelf.paths) == FIRST


def test_from_the_first_release_there_is_no_way_back(settings, records, now):
    put_on_shelf(settings.paths, FIRST)
    activate(settings, FIRST)
    with pytest.raises(Conflict, match="no release before r000001"):
        go_back(settings, records, leaving=FIRST, who="u-1", at=now)


def test_a_damaged_release_stays_out_and_nothing_is_audited(shelf, records, now):
    (release_folder(shelf.paths, FIRST) / "products.parquet").write_bytes(b"other")
    with pytest.raises(Conflict, match=r"products\.parquet is damaged"):
        go_back(shelf, records, leaving=SECOND, who="u-1", at=now)
    assert active_release(shelf.paths) == SECOND
    assert acts(records) == []


def test_while_another_process_puts_one_into_service_it_is_refused(shelf, records, now):
    with exclusive(shelf.paths.locks, "activate"), pytest.raises(Conflict):
        go_back(shelf, records, leaving=SECOND, who="u-1", at=now)
    assert active_release(shelf.paths) == SECOND
