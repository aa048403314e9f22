from __future__ import annotations

from datetime import UTC, datetime

import pytest
from babel import Locale
from literal_people import LATEST_AT, person, write_people

from serving.console.languages import language_of
from serving.console.visit import Reader
from serving.console.words.result import interval_words, result_words, when_known


@pytest.fixture
def reader(settings, now):
    return Reader(language=language_of("en"), number_locale=Locale.parse("en_US"), settings=settings, now=now)


def found(low, high, *, estimate=None, held_out=100, is_placebo=False, actual=51.0):
    def group(members):
        return {"members": members, "buyers": 5, "rate": 0.05, "revenue": 9.0}

    return {
        "is_placebo": is_placebo,
        "selected": group(900),
        "held_out": group(held_out),
        "exported": group(0),
        "lift": {"more_buyers": {"estimate": estimate, "low": low, "high": high}},
        "predicted": {
            "buyers": {"expected": 48.2, "low": 29.0, "high": 71.0, "actual": actual, "is_within": 29 <= actual <= 71}
        },
    }


@pytest.mark.parametrize(
    ("told", "kind", "headline", "interval"),
    [
        (
            found(4.6, 41.2, estimate=23.1),
            "products",
            "About 23 more bought than would have without being told",
            "between 5 and 41, 19 times out of 20",
        ),
        (
            found(-41.2, -4.6, estimate=-23.1),
            "lapse",
            "About 23 fewer stopped buying than would have without being told",
            "between 5 and 41, 19 times out of 20",
        ),
        (
            found(-3.0, 41.0, estimate=19.0),
            "products",
            "Too few members to tell whether telling them changed anything",
            "between 3 fewer and 41 more, 19 times out of 20",
        ),
        (
            found(None, None, held_out=0),
            "products",
            "Nobody was held out, so it cannot be told what telling them changed",
            "",
        ),
        (
            found(4.6, 41.2, estimate=23.1, is_placebo=True),
            "products",
            "Nobody was exported before the time was over, so there is no effect to see",
            "between 5 and 41, 19 times out of 20",
        ),
    ],
)
def test_what_telling_changed_is_said_as_far_as_it_is_known(reader, told, kind, headline, interval):
    assert (result_words(told, kind, reader).headline, interval_words(told, reader)) == (headline, interval)


def test_groups_of_nobody_are_left_out_of_the_picture(reader):
    words = result_words(found(4.6, 41.2, estimate=23.1), "products", reader)
    assert [row["label"] for row in words.rows] == ["Chosen to be told", "Held out"]


@pytest.mark.parametrize(("actual", "end"), [(51.0, "it became 51, as foreseen."), (80.0, "it became 80.")])
def test_what_was_expected_is_told_beside_what_came(reader, actual, end):
    told = found(4.6, 41.2, estimate=23.1, actual=actual)
    assert result_words(told, "products", reader).predicted == f"48 were expected (between 29 and 71); {end}"


@pytest.mark.parametrize(("as_of", "has_passed"), [("2017-12-03T05:00:00Z", True), ("2017-12-03T05:00:01Z", False)])
def test_results_are_known_once_the_data_reach_to_the_end(settings, as_of, has_passed):
    write_people(settings, [person("m1")])
    known = when_known({"as_of": as_of, "horizon_days": 28}, settings)
    assert (known.has_passed, known.known_until) == (has_passed, LATEST_AT)


def test_without_data_nothing_is_known(settings):
    known = when_known({"as_of": "2017-12-01T00:00:00Z", "horizon_days": 7}, settings)
    assert (known.has_passed, known.until_at) == (False, datetime(2017, 12, 8, tzinfo=UTC))
