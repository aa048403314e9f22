from __future__ import annotations

import gc
import time

import pytest

from features.contracts.errors import NothingLoaded, ReleaseDamaged
from serving.metrics import Metrics
from serving.releases_in_service import KEEP_SECONDS, RETRY_SECONDS, ReleasesInService


@pytest.fixture(autouse=True)
def _unfrozen():
    yield
    gc.unfreeze()


@pytest.fixture
def shelf(make_shelf, make_engine):
    engines = {name: make_engine(release_id=name) for name in ("r1", "r2")}
    return make_shelf(engines={**engines, "bad": ReleaseDamaged("release bad: checksum")}, active="r1")


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def releases(shelf, clock, metrics):
    return ReleasesInService(
        active=lambda: shelf.active, load=shelf.load, metrics=metrics, poll_seconds=0.01, clock=lambda: clock[0]
    )


def test_without_a_release_the_service_refuses_to_open(releases, shelf):
    shelf.active = None
    with pytest.raises(NothingLoaded, match="faces release"):
        releases.open()


def test_with_a_damaged_release_the_service_refuses_to_open(releases, shelf):
    shelf.active = "bad"
    with pytest.raises(ReleaseDamaged):
        releases.open()


def test_another_active_release_is_taken_into_service(releases, shelf, metrics):
    releases.open()
    assert not releases.look()
    shelf.active = "r2"
    assert releases.look()
    assert releases.engine.release_id == "r2"
    text = metrics.text().decode()
    assert 'release="r2"' in text
    assert 'release="r1"' not in text


def test_the_release_before_is_kept_for_requests_in_flight_then_let_go(releases, shelf, clock):
    releases.open()
    shelf.active = "r2"
    releases.look()
    clock[0] = KEEP_SECONDS - 0.1
    releases.look()
    assert releases._before.release_id == "r1"
    clock[0] = KEEP_SECONDS
    releases.look()
    assert releases._before is None


def test_a_damaged_release_leaves_the_good_one_and_is_told_once(releases, shelf, metrics, caplog, clock):
    releases.open()
    shelf.active = "bad"
    for seconds in (1.0, 2.0, RETRY_SECONDS + 1.5):
        clock[0] = seconds
        assert not releases.look()
    assert releases.engine.release_id == "r1"
    assert [record.getMessage() for record in caplog.records] == [
        "release_refused release=bad stays=r1 reason=release bad: checksum"
    ]
    # the second try came too soon after the first
    assert b"faces_releases_refused_total 2.0" in metrics.text()


def test_a_good_release_after_a_damaged_one_is_taken_at_once(releases, shelf):
    releases.open()
    shelf.active = "bad"
    releases.look()
    shelf.active = "r2"
    assert releases.look()


def test_a_pointer_that_vanished_leaves_the_release_in_service(releases, shelf):
    releases.open()
    shelf.active = None
    assert not releases.look()
    assert releases.engine.release_id == "r1"


def comes_true(holds, *, seconds=10.0):
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.005)
    return holds()


def test_the_watch_survives_an_unexpected_error(releases, shelf, caplog):
    releases.open()
    shelf.engines["odd"] = RuntimeError("odd")
    shelf.active = "odd"
    releases.start()
    try:
        assert comes_true(lambda: "release_watch failed" in caplog.text)
        shelf.active = "r2"
        assert comes_true(lambda: releases.engine.release_id == "r2")
    finally:
        releases.stop()


def test_a_loaded_release_is_out_of_the_collectors_way(releases):
    gc.unfreeze()
    releases.open()
    assert gc.get_freeze_count() > 0
