"""Releases come, go and break while the service runs."""

from __future__ import annotations

import json
import socket

import pytest

RELEASES = "main/releases"


def flip_a_byte(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def point_to(shop, release_id):
    pointer = shop.home / RELEASES / "active"
    told = json.loads(pointer.read_text())
    (pointer.parent / "aside").write_text(json.dumps({**told, "release_id": release_id}))
    (pointer.parent / "aside").rename(pointer)


def refused(shop, *arguments):
    """The one line that a command is refused with."""
    ended = shop.faces(*arguments, check=False)
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


def take_away_every_release(shop):
    (shop.home / RELEASES).rename(shop.home / "elsewhere")


def damage_a_model(shop):
    flip_a_byte(shop.home / RELEASES / "r000001/affinity/arrays.npz")


def damage_the_manifest(shop):
    (shop.home / RELEASES / "r000001/manifest.json").write_text('{"release_id": "r0000')


def take_away_the_products(shop):
    (shop.home / RELEASES / "r000001/products.parquet").unlink()


def change_the_schema(shop):
    manifest = shop.home / RELEASES / "r000001/manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "feature_schema": "0123456789abcdef"}))


def damage_the_pointer(shop):
    (shop.home / RELEASES / "active").write_text("")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (take_away_every_release, "`faces release`"),
        (damage_a_model, "arrays.npz is damaged"),
        pytest.param(damage_the_manifest, "manifest.json cannot be read", marks=pytest.mark.slow),
        pytest.param(take_away_the_products, "products.parquet is missing", marks=pytest.mark.slow),
        (change_the_schema, "feature schema 0123456789abcdef"),
        pytest.param(damage_the_pointer, "releases/active: damaged", marks=pytest.mark.slow),
    ],
)
def test_the_service_refuses_to_start_without_a_sound_release_in_one_line(shop, unused, damage, told):
    damage(shop)
    assert told in refused(shop, "serve", "--port", str(unused()))


def test_the_service_refuses_a_port_that_is_taken_in_one_line(small_shop):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in refused(small_shop, "serve", "--port", str(port))


@pytest.mark.slow
def test_releases_are_taken_up_and_back_without_a_restart_or_a_failed_request(shop, serve, until):
    with serve(shop) as service, service.hammer().asking() as hammer:
        server = service.child("server").pid
        until(lambda: hammer.releases == ["r000001"])
        shop.faces("release")
        until(lambda: hammer.releases[-1] == "r000002")
        shop.faces("release", "--activate", "r000001")
        until(lambda: hammer.releases[-1] == "r000001")

        flip_a_byte(shop.home / RELEASES / "r000002/products.parquet")
        assert "products.parquet is damaged" in refused(shop, "release", "--activate", "r000002")
        # what a careless hand can do, the command does not
        point_to(shop, "r000002")
        until(lambda: "faces_releases_refused_total 1.0" in service.send("GET", "/metrics").text)
        assert service.recommend({"member_id": "1"})["release"] == "r000001"

        shop.faces("release")
        until(lambda: hammer.releases[-1] == "r000003")
        assert service.child("server").pid == server
    hammer.require_every_answer()
    assert hammer.releases == ["r000001", "r000002", "r000001", "r000003"]


@pytest.mark.slow
def test_without_its_online_rows_the_service_answers_what_is_popular_until_they_are_back(shop, serve, until):
    rows = shop.home / "main/online/r000001.db"
    with serve(shop) as service, service.hammer().asking() as hammer:
        personal = service.recommend({"member_id": "1"})
        assert personal["fallback"] is None
        rows.rename(rows.with_name("elsewhere"))
        until(lambda: service.recommend({"member_id": "1"})["fallback"] == "store_unavailable")
        assert len(service.recommend({"member_id": "1"})["items"]) == 10
        page = service.send("GET", "/v1/members/1")
        assert (page.status_code, page.json()["error"]) == (503, "store_unavailable")
        rows.with_name("elsewhere").rename(rows)
        until(lambda: service.recommend({"member_id": "1"})["fallback"] is None)
        assert service.recommend({"member_id": "1"})["items"] == personal["items"]
        assert service.send("GET", "/v1/members/1").status_code == 200
    hammer.require_every_answer()
