"""The files of static/: compressed, kept for good under the version of what they hold, and asked again without."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.console.assets import ADDRESS, asset, version
from serving.console.kept_files import kept_files

APP = Starlette(routes=[Mount(ADDRESS, kept_files())])


def get(address: str, **headers: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=APP), base_url="http://console") as client:
            return await client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asyncio.run(asked())


def test_a_file_is_kept_for_good_under_its_version() -> None:
    answer = get(asset("console.css"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_what_a_script_imports_beside_itself_has_the_version_too() -> None:
    assert asset("shell.js").rpartition("/")[0] == asset("api.js").rpartition("/")[0] == f"{ADDRESS}/{version()}"


def test_a_page_of_before_an_upgrade_gets_the_files_of_now_and_asks_again() -> None:
    answer = get(f"{ADDRESS}/{'0' * 12}/api.js")
    assert answer.text == get(asset("api.js")).text
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_file_without_a_version_is_asked_for_again() -> None:
    first = get(f"{ADDRESS}/api.js")
    again = get(f"{ADDRESS}/api.js", If_None_Match=first.headers["ETag"])
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-cache"
    assert again.status_code == 304


def test_files_are_compressed_for_whoever_can_read_it() -> None:
    packed = get(asset("console.css"), Accept_Encoding="gzip")
    plain = get(asset("console.css"), Accept_Encoding="identity")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text


@pytest.mark.parametrize("path", ["../assets.py", "%2e%2e/assets.py", f"{'0' * 12}/../../assets.py"])
def test_nothing_beside_the_files_is_told(path: str) -> None:
    assert get(f"{ADDRESS}/{path}").status_code == 404


def test_a_name_that_no_file_has_is_no_address() -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.js"):
        asset("nothing.js")
