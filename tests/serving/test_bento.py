from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from serving.auth import Scope, create_key
from serving.records.opening import open_records

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
PARTS = ("features", "training", "serving")
FILES = ("settings.toml", "pyproject.toml", "requirements.lock", "bentofile.yaml", "README.md")
BENTO_COUNT = 3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bento_home(tmp_path_factory):
    """A BentoML store with a bento that was built from a checkout which is gone by now."""
    home = tmp_path_factory.mktemp("bentoml")
    checkout = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, checkout / file)
    # told apart from this checkout by its settings, which are read from beside the code
    settings = (ROOT / "settings.toml").read_text().replace("default_count = 10", f"default_count = {BENTO_COUNT}")
    (checkout / "settings.toml").write_text(settings)
    command = [BENTOML, "build", "--version", "test", "."]
    built = subprocess.run(command, cwd=checkout, env=environment(home), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    shutil.rmtree(checkout)
    return home


def environment(bento_home, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FACES_")}
    return {**kept, "BENTOML_HOME": str(bento_home), "BENTOML_DO_NOT_TRACK": "True", **more}


def test_a_bento_holds_every_module_and_migration_and_no_state(bento_home):
    source = bento_home / "bentos" / "thousand_faces" / "test" / "src"
    expected = {path.relative_to(ROOT) for part in PARTS for path in (ROOT / part).rglob("*.py")}
    found = {path.relative_to(source) for path in source.rglob("*.py")}
    assert found == expected
    assert (source / "settings.toml").is_file()
    assert not (source / "var").exists()


def test_a_bento_answers_from_any_folder_with_nothing_but_faces_home(bento_home, small_shop, tmp_path, unused_port):
    # the session's shop is left as it is: the service writes records
    shop = small_shop.copy_to(tmp_path / "home")
    records = open_records(shop.settings)
    key = create_key(records, name="bento", scopes=[Scope.ADMIN], at=datetime.now(UTC)).text
    records.close()
    command = [BENTOML, "serve", "thousand_faces:test", "--host", "127.0.0.1", "--port", str(unused_port)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(bento_home, FACES_HOME=str(shop.home)), stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{unused_port}"
    try:
        answer = ask_until_answered(f"{url}/v1/recommendations", key)
        audience = built_audience(url, key)
    finally:
        process.terminate()
        process.wait(20)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == BENTO_COUNT
    assert audience["summary"]["size"] == 5


def test_a_bento_without_a_release_refuses_to_start_in_one_line(bento_home, tmp_path, unused_port):
    command = [BENTOML, "serve", "thousand_faces:test", "--port", str(unused_port)]
    env = environment(bento_home, FACES_HOME=str(tmp_path / "empty"))
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 78
    (line,) = ended.stderr.splitlines()
    assert "run `faces release`" in line


def built_audience(url, key):
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=10, trust_env=False) as client:
        asked = client.post("/v1/audiences", json={"target": {"category": "FROZEN PIZZA"}, "size": 5})
        until = time.monotonic() + 120
        while (audience := client.get(asked.headers["Location"]).json())["state"] in ("queued", "running"):
            assert time.monotonic() < until
            time.sleep(0.3)
    return audience


def ask_until_answered(url, key):
    until = time.monotonic() + 120
    while True:
        try:
            return httpx.post(
                url, json={"member": {"anonymous_id": "a"}}, headers={"X-API-Key": key}, timeout=10, trust_env=False
            )
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.3)
