"""`faces demo`: the whole way of the data, of The Complete Journey or of your own, ending in answers over HTTP."""

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
from urllib.parse import quote

import typer

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.sources.complete_journey import stands_in
from serving.cli import features, load, promote, release, train
from serving.cli.demo_shop import SHOP_VARIABLE, Subject, demo_subject, shop_of_own
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import say, show_table
from serving.cli.serve import Port, on_port
from serving.guard import require_free_port

READY_SECONDS = 120
AUDIENCE_SECONDS = 120
NAME_LENGTH = 100
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

    Tables of your own go into the shop `own`, unless the settings name another one. Leaves the service in the
    foreground; stop it with Ctrl-C.
    """
    is_own = source is not None and not stands_in(source)
    with shop_of_own(is_own=is_own):
        settings, _ = settings_at(as_of)
        settings = on_port(settings, port)
        # Told before the minutes of work, not after them.
        require_free_port(settings.serving.host, settings.serving.port)
        timings = _Timings()
        _make(timings, source, as_of, with_synthetic_contacts=not is_own)
        with _service(settings, as_of) as service:
            with timings.step("serve"):
                shown = _show(settings, service)
            rows = [[name, f"{seconds:.1f}"] for name, seconds in timings.seconds.items()]
            show_table("Time", ["step", "seconds"], rows)
            peak_gb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
            say(f"{sum(timings.seconds.values()):.0f} seconds in all, {peak_gb} GB at most in this process")
            write_figures(json, {"seconds": timings.seconds, "peak_memory_gb": peak_gb, **shown})
            if not no_serve:
                say("the service stays; stop it with Ctrl-C")
                service.wait()


def _make(timings: _Timings, source: Path | None, as_of: str | None, *, with_synthetic_contacts: bool) -> None:
    with timings.step("load"):
        load.load(source=source, with_synthetic_contacts=with_synthetic_contacts, as_of=as_of)
    with timings.step("features"):
        features.features(as_of=as_of)
    with timings.step("train"):
        train.train(as_of=as_of)
    with timings.step("promote"):
        promote.promote(as_of=as_of)
    with timings.step("release"):
        release.release(as_of=as_of)


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
    subject = demo_subject(settings)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        recommendation = _recommend(client, subject.member_id)
        audience = _audience(client, subject)
    say(f"\nkey: {key}")
    say(f"try: curl -s {url}/v1/members/{quote(subject.member_id, safe='')} -H 'Authorization: Bearer {key}'")
    say(f"API: {url}/docs")
    shop = f"{SHOP_VARIABLE}={settings.shop} " if SHOP_VARIABLE in os.environ else ""
    say(f"console: {url}/console (sign in with the key, or as a user: {shop}faces users add NAME --role admin)")
    say(f"next: {shop}faces audience {subject.option} --size {subject.size}")
    say(f"      {shop}faces recommend --all --scenario home --out recommendations.parquet\n")
    return {"key": key, "url": url, "recommendation": recommendation, "audience": audience}


def _recommend(client: Any, member_id: str) -> dict[str, Any]:
    body = {"member": {"member_id": member_id}, "scenario": "home", "count": TOP}
    answer: dict[str, Any] = client.post("/v1/recommendations", json=body).raise_for_status().json()
    show_table(
        f"POST /v1/recommendations: the top {TOP} for member {member_id}, as of {answer['as_of']}",
        ["product", "name", "why"],
        [[item["id"], item["name"] or "", item["reasons"][0]["sentence"]] for item in answer["items"]],
    )
    return answer


def _audience(client: Any, subject: Subject) -> dict[str, Any]:
    body = {"name": f"The demo's {subject.words}"[:NAME_LENGTH], "target": subject.target, "size": subject.size}
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
        f"\nPOST /v1/audiences: who will buy {subject.words} within {summary['horizon_days']} days? "
        f"{summary['size']:,} of {summary['population']:,} members, {summary['expected_buyers']:,} expected to buy"
    )
    for sentence in (*summary["warnings"], *summary["notes"]):
        say(sentence)
    show_table(
        "The likeliest buyers",
        ["member", "probability"],
        [[each["member_id"], each["probability"]] for each in summary["top_members"]],
    )
    return audience


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
