"""The script of the charts: made once, kept, made again when damaged, and never a failure of a page."""

from __future__ import annotations

import gzip
import sys
import threading
from pathlib import Path

import pytest

from serving.console.charts.vega_script import VegaScript, vega_name, vega_script

MAKES = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.write_text('v' * 120_000)"
"""Stands for the child, which takes V8 three seconds."""


def script(folder: Path, code: str = MAKES) -> VegaScript:
    return VegaScript(folder=folder, command=(sys.executable, "-S", "-c", code))


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    made = script(tmp_path).get()
    assert made is not None
    assert gzip.decompress(made.packed) == made.plain == b"v" * 120_000
    again = script(tmp_path, "raise SystemExit(1)").get()
    assert again == made


@pytest.mark.parametrize("suffix", [".js.gz", ".json"])
def test_a_damaged_file_is_made_again(tmp_path: Path, suffix: str) -> None:
    script(tmp_path).get()
    file = (tmp_path / vega_name()).with_suffix(suffix)
    file.write_bytes(b"damaged")
    found = script(tmp_path).get()
    assert found is not None
    assert found.plain == b"v" * 120_000
    assert file.read_bytes() != b"damaged"


@pytest.mark.parametrize("code", ["raise SystemExit('no V8')", "import sys; open(sys.argv[1], 'w').close()"])
def test_what_cannot_be_made_is_absent_and_nothing_is_left(tmp_path: Path, code: str) -> None:
    assert script(tmp_path, code).get() is None
    assert list(tmp_path.iterdir()) == []


def test_whoever_asks_meanwhile_waits_for_the_same(tmp_path: Path) -> None:
    asked = script(tmp_path, f"import time; time.sleep(0.2); {MAKES}; open('{tmp_path}/count', 'a').write('x')")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(asked.get())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "count").read_text() == "x"
    assert found[0] is found[1] is found[2] is not None


def test_pages_are_served_it_compressed_and_for_good(browser, api, tmp_path, monkeypatch) -> None:
    folder = api.state.settings.paths.console
    monkeypatch.setattr(vega_script(folder), "_script", script(tmp_path).get())
    answer = browser.get(f"/console/assets/{vega_name()}", **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")
    plain = browser.get(f"/console/assets/{vega_name()}", **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
    assert browser.get("/console/assets/vega-0.js").status_code == 404
