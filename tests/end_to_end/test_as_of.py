"""The whole way as of an earlier moment: nothing that came later is seen by anybody."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

AS_OF = "2017-10-01"
WAY = (("features",), ("train",), ("promote", "--force"), ("release",))


def figures(shop, *arguments):
    file = shop.home.parent / f"{shop.home.name}.json"
    ended = shop.faces(*arguments, "--json", str(file), check=False)
    assert ended.returncode == 0, f"faces {' '.join(arguments)}: {ended.stderr}"
    return json.loads(file.read_text())


def refused(shop, *arguments):
    ended = shop.faces(*arguments, check=False)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    "asked",
    [
        ("recommend", "--member", "1"),
        pytest.param(("audience", "--category", "SOFT DRINKS"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_a_release_is_not_asked_as_of_a_moment_before_it(small_shop, asked):
    assert "faces release --as-of" in refused(small_shop, *asked, "--as-of", AS_OF)


@pytest.mark.slow
def test_the_service_does_not_start_as_of_a_moment_before_its_release(small_shop, unused):
    assert "later than 2017-10-01" in refused(small_shop, "serve", "--as-of", AS_OF, "--port", str(unused()))


@pytest.mark.slow
def test_a_release_of_models_that_learnt_from_later_data_is_refused(shop):
    assert "faces train --as-of" in refused(shop, "release", "--as-of", AS_OF)


@pytest.mark.slow
def test_as_of_an_earlier_moment_later_data_changes_no_answer(small_shop, shop, tmp_path, serve):
    """One shop never saw the later data, the other one has it loaded and is asked as of the same moment."""
    ignorant = replace(small_shop, home=tmp_path / "ignorant")
    loaded = figures(ignorant, "load", "--from", str(small_shop.source), "--with-synthetic-contacts", "--as-of", AS_OF)
    moment = loaded["latest_at"]
    assert "2017-09-29" < moment < AS_OF
    assert loaded["tables"]["order_lines"]["later"] > 0
    assert loaded["members"] <= 250
    for step in WAY:
        figures(ignorant, *step)
        figures(shop, *step, "--as-of", moment)
    seen = []
    for each in (ignorant, shop):
        with serve(each, "--as-of", moment) as service:
            pages = [service.send("GET", f"/v1/members/{number}").json() for number in range(1, 30)]
            for page in (page for page in pages if "error" not in page):
                assert page["as_of"] == moment.replace("+00:00", "Z")
                assert max((each["ordered_at"] for each in page["recent_purchases"]), default="") < page["as_of"]
            answers = [service.recommend({"member_id": str(number)}, count=20) for number in range(1, 30)]
            asked = service.send("POST", "/v1/audiences", {"target": {"category": "SOFT DRINKS"}, "size": 50})
            audience = service.built_audience(asked.headers["location"])["summary"]
        products = figures(each, "recommend", "--member", "1", "--as-of", moment)["items"]
        assert [item["id"] for item in answers[0]["items"]][:10] == [item["id"] for item in products]
        printed = figures(each, "audience", "--category", "SOFT DRINKS", "--size", "50", "--as-of", moment)
        assert {name: printed[name] for name in audience} == audience
        assert audience["as_of"] == answers[0]["as_of"] == moment.replace("+00:00", "Z")
        shown = [[item["name"] for item in answer["items"]] for answer in answers]
        facts = [page.get("facts") for page in pages]
        figured = {name: audience[name] for name in ("population", "size", "expected_buyers", "top_members")}
        seen.append((facts, shown, figured))
    assert seen[0] == seen[1]
