"""The `faces` commands as a user types them: what they explain, refuse, print and write."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from features.contracts.settings_files import settings_file
from serving.auth import Scope
from serving.cli.main import app


def every_command(command, path=()):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, (*path, name))


COMMANDS = list(every_command(typer.main.get_command(app)))


def run(shop, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "serving.cli.main", *arguments],
        env={**shop.environment, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def one_line(ended, code):
    """The one line on stderr that a command ended with."""
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def used(small_shop, tmp_path_factory):
    """A copy whose commands are run again."""
    return small_shop.copy_to(tmp_path_factory.mktemp("used") / "home")


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(("faces", *path)) for path, _ in COMMANDS])
def test_every_command_and_option_is_explained(path, command):
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert command.help
    assert len(command.help.split()) >= 4
    for parameter in command.params:
        assert parameter.help, parameter.name
        # a user knows no module and no type of ours
        assert not re.search(r"[a-z]\.[a-z]+\(|dataclass|None\b|self\b", parameter.help)


def test_the_commands_are_those_that_the_way_of_the_data_needs():
    assert [path[0] for path, _ in COMMANDS if len(path) == 1] == [
        *(
            "load",
            "forget",
            "features",
            "tags",
            "train",
            "promote",
            "release",
            "score",
            "recommend",
            "audience",
            "results",
            "serve",
            "replay",
            "demo",
            "generate",
            "evaluate",
            "keys",
            "users",
            "report",
            "loads",
            "members",
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "next_step"),
    [
        (("features",), "faces load"),
        pytest.param(("train",), "faces load", marks=pytest.mark.slow),
        (("promote",), "faces load"),
        pytest.param(("release",), "faces load", marks=pytest.mark.slow),
        (("recommend", "--member", "1"), "faces release"),
        pytest.param(("audience", "--category", "SOFT DRINKS"), "faces release", marks=pytest.mark.slow),
        (("release", "--activate", "r000001"), "there is no such release"),
        (("load", "--from", "nowhere"), "name the folder"),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each),
)
def test_a_command_before_its_time_is_refused_with_what_to_run_first(small_shop, tmp_path, arguments, next_step):
    empty = replace(small_shop, home=tmp_path / "empty")
    assert next_step in one_line(run(empty, *arguments), 1)


@pytest.mark.slow
def test_a_release_before_a_training_is_refused(shop):
    shutil.rmtree(shop.home / "main/mlflow")
    assert "faces train" in one_line(run(shop, "release"), 1)
    assert shop.faces("release", "--list").stdout.count("in service") <= 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("recommend",), "--member"),
        (("recommend", "--member", "1", "--source", "app"), "--member"),
        (("recommend", "--member", "1", "--count", "0"), "count"),
        (("train", "--model", "crystal_ball"), "product_affinity"),
        (("keys", "create", "--name", "x", "--scope", "everything"), "recommend"),
        (("users", "add", "x", "--role", "boss"), "marketer"),
        (("audience",), "category"),
        (("nonsense",), "nonsense"),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each),
)
def test_a_misused_command_says_what_it_takes(small_shop, arguments, told):
    ended = run(small_shop, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_settings_are_told_in_one_line(small_shop, tmp_path):
    asked = ("serve",)
    assert "FACES_COLOUR" in one_line(run(small_shop, *asked, FACES_COLOUR="red"), 2)
    assert "FACES_SERVING__COLOUR" in one_line(run(small_shop, *asked, FACES_SERVING__COLOUR="red"), 2)
    assert "serving.port" in one_line(run(small_shop, *asked, FACES_SERVING__PORT="many"), 2)
    assert "yesterday" in one_line(run(small_shop, *asked, "--as-of", "yesterday"), 2)
    settings = tmp_path / "settings.toml"
    settings.write_text(settings_file().read_text() + 'colour = "red"\n')
    assert "colour" in one_line(run(small_shop, *asked, FACES_SETTINGS=str(settings)), 2)
    settings.write_text("[load\n")
    assert str(settings) in one_line(run(small_shop, *asked, FACES_SETTINGS=str(settings)), 2)
    assert "nowhere.toml" in one_line(run(small_shop, *asked, FACES_SETTINGS="nowhere.toml"), 2)


def test_an_error_shows_its_traceback_with_debug_alone(small_shop, tmp_path):
    ended = run(replace(small_shop, home=tmp_path), "--debug", "features")
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr


def test_a_key_stands_alone_on_the_last_line_and_is_listed_and_revoked(used):
    made = used.faces("keys", "create", "--name", "shop window", "--scope", "recommend", "--scope", "members")
    key = made.stdout.splitlines()[-1]
    assert re.fullmatch(r"tf_[0-9a-z]+_[\w-]{43}", key)
    key_id = key.split("_")[1]
    listed = used.faces("keys", "list").stdout
    assert key_id in listed
    assert "revoked" not in listed
    assert key not in listed
    assert key_id in used.faces("keys", "revoke", key_id).stdout
    assert "revoked" in used.faces("keys", "list").stdout
    assert "nothing" in one_line(run(used, "keys", "revoke", "nothing"), 1)
    records = b"".join(file.read_bytes() for file in (used.home / "main/records").glob("records.db*"))
    assert key.encode() not in records


def figures(shop, tmp_path, *arguments):
    """What a command printed, and the figures that it wrote."""
    file = tmp_path / "figures" / "figures.json"
    printed = " ".join(shop.faces(*arguments, "--json", str(file)).stdout.split())
    return printed, json.loads(file.read_text(), parse_constant=pytest.fail)


def test_loading_the_same_files_again_changes_nothing(used, tmp_path):
    before = sorted((used.home / "main/tables").rglob("*"))
    printed, told = figures(used, tmp_path, "load", "--from", str(used.source), "--with-synthetic-contacts")
    assert told["already_loaded"] is True
    assert f"{told['members']:,} members" in printed
    assert f"{told['tables']['order_lines']['kept']:,}" in printed
    assert sorted((used.home / "main/tables").rglob("*")) == before


def test_features_that_are_built_already_stay(used, tmp_path):
    def written():
        return {file: file.stat().st_mtime_ns for file in (used.home / "main/features").rglob("*.parquet")}

    before = written()
    printed, told = figures(used, tmp_path, "features")
    assert f"{len(told['groups'])} groups at {told['moments']} moments" in printed
    assert written() == before


def test_promoting_the_champions_again_changes_nothing(used, tmp_path):
    printed, told = figures(used, tmp_path, "promote")
    assert set(told) == {"product_affinity", "purchase_propensity", "coupon_redemption"}
    for model, promoted in told.items():
        assert promoted["forced"] is False
        assert f"{model}: version {promoted['version']} is champion ({promoted['reason']})" in printed
    unknown = one_line(run(used, "promote", "--model", "product_affinity", "--version", "99"), 1)
    assert f"of {told['product_affinity']['version']}" in unknown


def test_a_recommendation_is_printed_and_written_alike(used, tmp_path):
    printed, told = figures(used, tmp_path, "recommend", "--member", "1", "--count", "3")
    assert len(told["items"]) == 3
    assert told["fallback"] is None
    assert all(item["id"] in printed for item in told["items"])
    assert "not personal" not in printed


@pytest.mark.slow
def test_a_recommendation_names_its_member_by_channel_and_says_when_it_is_not_personal(used, tmp_path):
    by_id = figures(used, tmp_path, "recommend", "--member", "1")[1]
    named = figures(used, tmp_path, "recommend", "--source", "complete_journey", "--source-id", "1")[1]
    assert named["items"] == by_id["items"]
    assert "not personal: new_member" in figures(used, tmp_path, "recommend", "--member", "nobody")[0]


def test_an_audience_is_printed_and_written_alike(used, tmp_path):
    printed, told = figures(used, tmp_path, "audience", "--category", "SOFT DRINKS", "--size", "7")
    assert f"SOFT DRINKS: {told['size']} of {told['population']} active members" in printed
    assert f"{told['expected_buyers']} expected to buy" in printed
    assert told["size"] == 7
    assert len(told["top_members"]) == 5


@pytest.mark.slow
def test_an_audience_that_cannot_be_is_refused_in_one_line(used):
    assert "ZEPPELINS" in one_line(run(used, "audience", "--category", "ZEPPELINS"), 1)
    assert "give one of" in one_line(
        run(used, "audience", "--category", "SOFT DRINKS", "--size", "1", "--min-probability", "0.5"), 1
    )


def test_the_releases_are_listed(used, tmp_path):
    printed, told = figures(used, tmp_path, "release", "--list")
    assert [each["release_id"] for each in told] == ["r000001"]
    assert "r000001" in printed


@pytest.mark.slow
def test_a_moved_state_folder_is_trained_released_and_asked_in_its_new_place(small_shop, shop, tmp_path):
    def everything():
        return {file: file.stat().st_mtime_ns for file in small_shop.home.rglob("*") if "records" not in file.parts}

    before = everything()
    moved = replace(shop, home=shop.home.rename(tmp_path / "moved"))
    printed, told = figures(moved, tmp_path, "train")
    for model, trained in told.items():
        assert trained["version"] == 2
        folder = moved.home / f"main/mlflow/artifacts/main.{model}/{trained['run_id']}/artifacts/model"
        assert folder.is_dir()
    assert f"{told['product_affinity']['quality'][0]['recall']:.4f}" in printed
    assert {each["version"] for each in figures(moved, tmp_path, "promote", "--force")[1].values()} == {2}
    printed, told = figures(moved, tmp_path, "release")
    assert f"release {told['release_id']}: {told['members']} members" in printed
    assert (told["affinity"]["number"], told["propensity"]["number"]) == ("2", "2")
    assert figures(moved, tmp_path, "audience", "--category", "SOFT DRINKS")[1]["release"] == told["release_id"]
    registries = list((moved.home / "main/features").rglob("registry*.db"))
    assert any(str(tmp_path).encode() in registry.read_bytes() for registry in registries)
    assert everything() == before


@pytest.mark.slow
def test_a_key_of_the_command_line_opens_the_service_until_it_is_revoked(shop, serve, until):
    key = shop.faces("keys", "create", "--name", "x", "--scope", Scope.RECOMMEND).stdout.splitlines()[-1]
    with serve(shop) as service:

        def status():
            return service.send("GET", "/v1/products?limit=1", **{"X-API-Key": key}).status_code

        assert status() == 200
        shop.faces("keys", "revoke", key.split("_")[1])
        until(lambda: status() == 401, seconds=30)
