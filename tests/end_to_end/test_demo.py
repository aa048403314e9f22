"""`faces demo`: from a folder of files to answers, with one command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import httpx
import pytest

pytestmark = pytest.mark.slow

STEPS = {"load", "features", "train", "promote", "release", "serve"}


def demo(shop, port, *arguments):
    return [
        *(sys.executable, "-m", "serving.cli.main", "demo"),
        *("--from", str(shop.source), "--port", str(port), *arguments),
    ]


def require_free(port):
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5, trust_env=False)


def test_the_demo_shows_the_way_of_the_data_and_then_serves_until_ctrl_c(small_shop, tmp_path, unused, until):
    shop, port = replace(small_shop, home=tmp_path / "home"), unused()
    figures = tmp_path / "demo.json"
    ended = subprocess.run(
        demo(shop, port, "--no-serve", "--json", str(figures)),
        # wide enough for a table's row to stay on one line
        env={**shop.environment, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    told = json.loads(figures.read_text())
    assert set(told["seconds"]) == STEPS
    printed = " ".join(ended.stdout.replace("│", " ").split())
    for item in told["recommendation"]["items"]:
        assert f"{item['id']} {item['name']} {item['reasons'][0]['sentence']}" in printed
    summary = told["audience"]["summary"]
    assert f"{summary['size']:,} of {summary['population']:,} members" in printed
    assert f"{summary['expected_buyers']:,} expected to buy" in printed
    for member in summary["top_members"]:
        assert f"{member['member_id']} {member['probability']:,.4f}" in printed
    for step, seconds in told["seconds"].items():
        assert f"{step} {seconds:.1f}" in printed
    require_free(port)

    # again, on what is there already: it stays in the foreground until Ctrl-C
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            demo(shop, port), env=shop.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        until(lambda: "stop it with Ctrl-C" in log.read_text() or process.poll() is not None, seconds=300)
        assert process.poll() is None, log.read_text()
        key = re.findall(r"^key: (tf_\S+)$", log.read_text(), re.MULTILINE)[-1]
        answer = httpx.post(
            f"http://127.0.0.1:{port}/v1/recommendations",
            json={"member": {"member_id": "1"}},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            trust_env=False,
        )
        assert (answer.status_code, len(answer.json()["items"])) == (200, 10)
        # as the terminal does: to the demo and to the service that it started
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "Traceback" not in log.read_text()
    require_free(port)
