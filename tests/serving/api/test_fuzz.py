"""Requests made from the OpenAPI page itself, sound and broken: none ends in a failure of the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from literal_audience import store_audience
from made_shop import MadeShop
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS

from features.contracts.settings import Settings
from serving.recommendations.engine import ReleaseEngine, load_engine
from training.release.shelf import require_active_release

RECOMMENDATIONS = "POST /v1/recommendations"
PARTS = ("curve", "drivers", "profile", "associated", "manifest")
OPERATIONS = (
    RECOMMENDATIONS,
    "GET /v1/scenarios",
    "GET /v1/products",
    "GET /v1/products/{product_id}/similar",
    "GET /v1/catalogue",
    "POST /v1/members/find",
    "GET /v1/members/{member_id}",
    "DELETE /v1/members/{member_id}",
    "GET /v1/tags",
    "GET /v1/reports/recommendations",
    "GET /v1/releases",
    "GET /v1/releases/{release_id}/quality",
    "POST /v1/releases/previous",
    "GET /v1/stores",
    "GET /v1/stores/{store_id}/worklist",
    "POST /v1/events",
    "POST /v1/audiences",
    "GET /v1/audiences",
    "GET /v1/audiences/{audience_id}",
    *(f"GET /v1/audiences/{{audience_id}}/{part}" for part in (*PARTS, "results", "members", "members/{member_id}")),
    "GET /v1/audiences/{audience_id}/exports",
    "GET /v1/audiences/{audience_id}/exports/counts",
    "POST /v1/audiences/{audience_id}/cancel",
    "POST /v1/lists",
    "GET /v1/lists",
    "GET /v1/lists/{list_id}",
    "DELETE /v1/lists/{list_id}",
    "POST /v1/lists/{list_id}/ids",
    "GET /v1/destinations",
)
SCENARIOS = ("home", "replenish", "discover", "cart", "product", "associate", "coupon", "content")
FILTERS = (
    "price < 3",
    'not (category in ["SOFT DRINKS", "EGGS"]) and price_band == 1',
    "brand is null or days_on_sale > 7",
    "product_id == 'nothing'",
    "price < 'cheap'",
    "((((price",
)
EXAMPLES = 40

fuzzing = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
"""The same requests in every run: a failure can be repeated."""

Send = Callable[..., httpx.Response]


@pytest.fixture
def settings(tmp_path: Path, small_shop: MadeShop) -> Settings:
    """Those of the session's shop, with records of their own: what is fuzzed changes nothing of it."""
    shop = tmp_path / "var" / "main"
    shop.mkdir(parents=True)
    for folder in ("tables", "features", "releases", "online", "secrets"):
        (shop / folder).symlink_to(small_shop.home / "main" / folder)
    of_shop = small_shop.settings
    # nobody works here: a dry run is answered with its place at once
    audiences = of_shop.audiences.model_copy(update={"dry_run_seconds": 0.0})
    return of_shop.model_copy(update={"home": tmp_path / "var", "audiences": audiences})


@pytest.fixture(scope="module")
def engine(small_shop: MadeShop) -> ReleaseEngine:
    settings = small_shop.settings
    return load_engine(settings, require_active_release(settings.paths))


@pytest.fixture
def send(start_api: Callable[..., Any], engine: ReleaseEngine) -> Iterator[Send]:
    """Sends a request to the API over a real release, with a key that may do everything."""
    service = start_api(engine)
    authorization = {"Authorization": f"Bearer {service.keys['admin']}"}
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=service.transport, base_url="http://faces")

        def one(method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
            return runner.run(client.request(method, path, headers={**(headers or {}), **authorization}, **options))

        yield one
        runner.run(client.aclose())


@pytest.fixture
def operations(send: Send) -> dict[str, APIOperation]:
    schema = schemathesis.openapi.from_dict(send("GET", "/openapi.json").json())
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{each.method.upper()} {each.path}": each for each in found}


def answer_to(send: Send, case: Case) -> httpx.Response:
    options: dict[str, Any] = {"headers": dict(case.headers or {}), "params": case.query}
    if case.operation.body:
        options["content"] = json.dumps(case.body if isinstance(case.body, dict | list | str | int | float) else None)
        options["headers"].setdefault("Content-Type", "application/json")
    return send(case.method, case.formatted_path, **options)


def check(case: Case, response: httpx.Response) -> None:
    """No failure of the service, every refusal in the one shape, every answer as the page documents it."""
    told = f"{case.method} {response.request.url} {response.request.content[:2000]!r}\n{response.text[:2000]}"
    assert response.status_code < 500, told
    if response.status_code >= 400:
        body = response.json()
        assert set(body) == {"error", "detail", "status"}, told
        assert body["status"] == response.status_code, told
        assert body["detail"], told
    documented = CHECKS.get_by_names(["response_schema_conformance", "status_code_conformance"])
    case.validate_response(response, checks=documented)


def test_every_route_of_the_page_is_asked(operations: dict[str, APIOperation]) -> None:
    assert set(OPERATIONS) == set(operations)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["sound", "broken"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_that_the_page_allows_or_forbids_fails(
    send: Send, operations: dict[str, APIOperation], name: str, mode: GenerationMode
) -> None:
    operation = operations[name]
    if mode is GenerationMode.NEGATIVE and not operation.body and not list(operation.iter_parameters()):
        return  # nothing about it could be broken

    @fuzzing
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        check(case, answer_to(send, case))

    run()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_answers_members_and_products_that_exist(
    send: Send, operations: dict[str, APIOperation], engine: ReleaseEngine, scenario: str
) -> None:
    products = [*engine.release.products.ids[:40], "unknown", "会员+\u0000"]
    ids = st.lists(st.sampled_from(products), max_size=6)
    context = st.fixed_dictionaries(
        {"product_id": st.sampled_from(products)},
        optional={"basket": ids, "store_id": st.sampled_from(["367", "x", "会"])},
    )
    member = st.one_of(
        st.sampled_from(["1", "10", "100", "unknown"]).map(lambda each: {"member_id": each}),
        st.just({"anonymous_id": "a"}),
        st.just({"source": "complete_journey", "source_id": "1"}),
    )
    body = st.fixed_dictionaries(
        {"member": member, "scenario": st.just(scenario)},
        optional={
            "context": context,
            "count": st.integers(1, 200),
            "exclude": ids,
            "item_ids": st.lists(st.sampled_from(products), min_size=1, max_size=6),
            "filter": st.sampled_from(FILTERS),
            "locale": st.sampled_from(["en", "zh"]),
            "explain": st.booleans(),
        },
    )
    operation = operations[RECOMMENDATIONS]
    answered = []

    @fuzzing
    @given(asked=body)
    def run(asked: dict[str, Any]) -> None:
        case = operation.Case(body=asked, media_type="application/json")
        response = answer_to(send, case)
        check(case, response)
        if response.status_code == 200:
            answer = response.json()
            chosen = [item["id"] for item in answer["items"]]
            wanted = asked.get("count") or len(set(asked.get("item_ids", range(10))))
            assert len(chosen) == len(set(chosen)) <= wanted
            assert len(chosen) == wanted or answer["filtered"], f"{asked}: fewer without a reason"
            assert not set(chosen) & set(asked.get("exclude", []))
            assert all(item["name"] for item in answer["items"])
            assert all(item["reasons"] for item in answer["items"]) or asked.get("explain") is False
            answered.append(len(chosen))

    run()
    assert len(answered) > EXAMPLES / 5


@pytest.mark.parametrize("name", ["members", "results", "members/{member_id}", *PARTS])
def test_every_request_about_a_finished_audience_is_answered(
    start_api: Callable[..., Any], engine: ReleaseEngine, name: str
) -> None:
    service = start_api(engine)
    members = [str(number) for number in range(1, 40)]
    as_of, late = ("2017-09-16T00:00:00Z", "2017-12-31T00:00:00Z")
    places = [
        store_audience(service.state, {"target": target}, members, as_of=moment)
        for target in ({"category": "SOFT DRINKS"}, {"lapse": True}, {"event": "visit"})
        for moment in (as_of, late)
    ]

    def send(method: str, path: str, **options: Any) -> httpx.Response:
        answer: httpx.Response = service.send(method, path, **options)
        return answer

    schema = schemathesis.openapi.from_dict(send("GET", "/openapi.json").json())
    operation = schema["/v1/audiences/{audience_id}/" + name]["GET"]

    @fuzzing
    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        place=st.sampled_from(places),
        member=st.sampled_from([*members[:5], "unknown"]),
    )
    def run(case: Case, place: str, member: str) -> None:
        case.path_parameters = {"audience_id": place, "member_id": member}
        query = httpx.QueryParams({key: value for key, value in (case.query or {}).items() if value is not None})
        response = send("GET", f"{case.formatted_path}?{query}")
        check(case, response)

    run()
