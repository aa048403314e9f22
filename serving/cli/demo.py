"""`faces demo`: the whole way of the data on The Complete Journey, ending in answers over HTTP."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from serving.cli import features, load, promote, release, train
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table
from serving.cli.serve import Port, on_port
from serving.guard import require_free_port

READY_SECONDS = 120
AUDIENCE_SIZE = 200
AUDIENCE_SECONDS = 120
TOP = 10


@dataclass
class _Timings:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        say(f"\n== faces {name}")
        yield
        self.seconds[name] = round(time.perf_counter() - started, 1)


def demo(
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="folder with your tables; default: The Complete Journey")
    ] = None,
    port: Port = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="stop once everything was shown")] = False,
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Load, build, train, release and serve, then show a recommendation and an audience over HTTP.

    Leaves the service in the foreground; stop it with Ctrl-C.
    """
    settings, _ = settings_at(as_of)
    settings = on_port(settings, port)
    # Told before the minutes of work, not after them.
    require_free_port(settings.serving.host, settings.serving.port)
    timings = _Timings()
    with timings.step("load"):
        load.load(source=source, with_synthetic_contacts=True, as_of=as_of)
    with timings.step("features"):
        features.features(as_of=as_of)
    with timings.step("train"):
        train.train(as_of=as_of)
    with timings.step("promote"):
        promote.promote(as_of=as_of)
    with timings.step("release"):
        release.release(as_of=as_of)
    with _service(settings, as_of) as service:
        with timings.step("serve"):
            shown = _show(settings, service)
        show_table("Time", ["step", "seconds"], [[name, f"{seconds:.1f}"] for name, seconds in timings.seconds.items()])
        peak_gb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
        say(f"{sum(timings.seconds.values()):.0f} seconds in all, {peak_gb} GB at most in this process")
        write_figures(json, {"seconds": timings.seconds, "peak_memory_gb": peak_gb, **shown})
        if not no_serve:
            say("the service stays; stop it with Ctrl-C")
            service.wait()


@contextlib.contextmanager
def _service(settings: Settings, as_of: str | None) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "serving.cli.main", "serve", "--port", str(settings.serving.port)]
    command += ["--as-of", as_of] if as_of else []
    service = subprocess.Popen(command, env={**os.environ, "FACES_HOME": str(settings.home.absolute())})
    # SIGTERM would end this process without its `finally`, and leave the service behind.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield service
    except KeyboardInterrupt:
        say("stopping")
    finally:
        signal.signal(signal.SIGTERM, before)
        service.terminate()
        service.wait()


def _show(settings: Settings, service: subprocess.Popen[bytes]) -> dict[str, Any]:
    import httpx

    from serving.auth import Scope, create_key
    from serving.records.opening import open_records
    from serving.supervisor import address

    records = open_records(settings)
    key = create_key(
        records,
        name="demo",
        scopes=[Scope.RECOMMEND, Scope.MEMBERS, Scope.AUDIENCES, Scope.EXPORT],
        at=datetime.now(UTC),
    ).text
    records.close()
    url = address(settings)
    _until(READY_SECONDS, "the service did not get ready", lambda: _is_ready(url, service))
    member_id, category = typical_member_and_category(settings)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        recommendation = _recommend(client, member_id)
        audience = _audience(client, category)
    say(f"\nkey: {key}")
    say(f"try: curl -s {url}/v1/members/{member_id} -H 'Authorization: Bearer {key}'")
    say(f"API: {url}/docs\n")
    return {"key": key, "url": url, "recommendation": recommendation, "audience": audience}


def _recommend(client: Any, member_id: str) -> dict[str, Any]:
    body = {"member": {"member_id": member_id}, "scenario": "home", "count": TOP}
    answer: dict[str, Any] = client.post("/v1/recommendations", json=body).raise_for_status().json()
    show_table(
        f"POST /v1/recommendations: the top {TOP} for member {member_id}, as of {answer['as_of']}",
        ["product", "name", "why"],
        [[item["id"], item["name"], item["reasons"][0]["sentence"]] for item in answer["items"]],
    )
    return answer


def _audience(client: Any, category: str) -> dict[str, Any]:
    body = {"name": f"The demo's {category}", "target": {"category": category}, "size": AUDIENCE_SIZE}
    location = client.post("/v1/audiences", json=body).raise_for_status().headers["Location"]
    audience: dict[str, Any] = {}

    def is_built() -> bool:
        audience.update(client.get(location).raise_for_status().json())
        return audience["state"] in ("done", "failed", "cancelled")

    _until(AUDIENCE_SECONDS, "the audience was not built", is_built)
    if audience["state"] != "done":
        raise Refused(f"demo: the audience {audience['state']}: {audience.get('error')}")
    summary = audience["summary"]
    say(
        f"\nPOST /v1/audiences: who will buy {category} within {summary['horizon_days']} days? "
        f"{summary['size']:,} of {summary['population']:,} members, {summary['expected_buyers']:,} expected to buy"
    )
    show_table(
        "The likeliest buyers",
        ["member", "probability"],
        [[each["member_id"], each["probability"]] for each in summary["top_members"]],
    )
    return audience


def typical_member_and_category(settings: Settings) -> tuple[str, str]:
    """A member who orders as often as the median one, and a category that about a fifth of the members buy."""
    import duckdb

    from features.groups.catalogue import GROUPS
    from features.snapshots import current_build

    build = current_build(settings.paths)
    members = build.snapshot(GROUPS["member_value"], build.as_of)
    categories = build.snapshot(GROUPS["category_demand"], build.as_of)
    with duckdb.connect() as con:
        member = con.execute(
            "SELECT member_id FROM read_parquet($file) WHERE orders_28d > 0 "
            "ORDER BY abs(orders_91d - (SELECT median(orders_91d) FROM read_parquet($file))), member_id LIMIT 1",
            {"file": str(members)},
        ).fetchone()
        category = con.execute(
            "SELECT category FROM read_parquet($categories) "
            "ORDER BY abs(buyers_91d - 0.2 * (SELECT count(*) FROM read_parquet($members))), category LIMIT 1",
            {"categories": str(categories), "members": str(members)},
        ).fetchone()
    if member is None or category is None:
        raise Refused("demo: the data holds no member with an order of the last 28 days, or no category")
    return str(member[0]), str(category[0])


def _is_ready(url: str, service: subprocess.Popen[bytes]) -> bool:
    import httpx

    if service.poll() is not None:
        raise Refused("demo: the service ended before it was ready; its reason stands above")
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    return False


def _until(seconds: float, complaint: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Refused(f"demo: {complaint} within {seconds:.0f} seconds")
        time.sleep(0.1)
