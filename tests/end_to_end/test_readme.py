"""What the README shows is what happens: its curl commands, its Python and the shape of its answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
SHOWN_URL = "http://127.0.0.1:3000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def service(small_shop, tmp_path_factory, serve):
    with serve(small_shop.copy_to(tmp_path_factory.mktemp("readme") / "home")) as started:
        yield started


def run(command: list[str], service, folder: Path) -> str:
    environment = {**os.environ, "KEY": service.key}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.slow
def test_the_commands_of_the_readme_give_answers(service, tmp_path):
    recommend, scenarios, products, events, audience = (
        run(["bash", "-ec", block.replace(SHOWN_URL, service.url)], service, tmp_path) for block in blocks("bash")
    )
    shown = json.loads(blocks("json")[0])
    answered = json.loads(recommend)
    assert answered.keys() == shown.keys()
    assert [item.keys() for item in answered["items"]] == [item.keys() for item in shown["items"]]
    discovered, end = json.JSONDecoder().raw_decode(scenarios.strip())
    completed = json.loads(scenarios.strip()[end:])
    assert len(discovered["items"]) == len(completed["items"]) == 3
    assert all(item["reasons"][0]["sentence"] for item in discovered["items"])
    assert "1082185" not in [item["id"] for item in completed["items"]]
    assert '"error"' not in products
    assert json.loads(events) == {"accepted": 1, "duplicates": 0, "rejected": []}
    rows = audience.splitlines()
    start = rows.index("phone,member_id,coupon_id")
    assert all(row.startswith("+1555") for row in rows[start + 1 :])
    assert 0 < len(rows) - start - 1 <= 50
    assert '"funnel"' in audience[: audience.index("phone,member_id")]


@pytest.mark.slow
def test_the_python_of_the_readme_prints_three_products_with_their_reasons(service, tmp_path):
    (code,) = blocks("python")
    printed = run([sys.executable, "-c", code.replace(SHOWN_URL, service.url)], service, tmp_path)
    assert len(printed.splitlines()) == 3
    assert all(" - " in line for line in printed.splitlines())


@pytest.mark.slow
def test_a_wrong_key_gives_the_error_that_the_readme_shows(service):
    answer = service.send("GET", "/v1/members/1", **{"X-API-Key": "tf_none"})
    assert answer.json() == json.loads(blocks("json")[1])
    assert answer.status_code == 401


def test_the_readme_names_files_that_exist():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
