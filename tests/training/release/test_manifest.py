"""A release is read whole and as it was written, or refused with the file that is not."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from literal_release import FILES, write_release

from features.contracts.errors import ReleaseDamaged
from features.schema import feature_schema_hash
from training.release.manifest import MANIFEST_FILE, checksums, read_manifest, verify, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_release(tmp_path / "r000001")
    return tmp_path / "r000001"


def test_a_whole_release_is_read_as_it_was_written(folder: Path) -> None:
    manifest = verify(folder)
    assert manifest == read_manifest(folder) == write_release(folder)
    assert manifest.release_id == "r000001"
    assert manifest.affinity.metrics == {"primary": 0.25}


def test_every_file_but_the_manifest_has_its_checksum(folder: Path) -> None:
    assert checksums(folder) == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ReleaseDamaged, match=f"release r000001: {name} is missing; run `faces release`"):
        verify(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("position", [0, -1])
def test_a_flipped_bit_is_noticed_and_its_file_named(folder: Path, name: str, position: int) -> None:
    content = bytearray(FILES[name])
    content[position] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ReleaseDamaged, match=f"release r000001: {name} is damaged"):
        verify(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(FILES[name][:-1])
    with pytest.raises(ReleaseDamaged, match=f"release r000001: {name} is damaged"):
        verify(folder)


def test_another_feature_schema_is_named_with_the_commands_that_mend_it(tmp_path: Path) -> None:
    write_release(tmp_path / "r000001", schema="0123456789abcdef")
    expected = f"feature schema 0123456789abcdef, this code computes {feature_schema_hash()}; run `faces features`"
    with pytest.raises(ReleaseDamaged, match=expected):
        verify(tmp_path / "r000001")


def test_a_missing_manifest_and_a_missing_folder_are_named(folder: Path) -> None:
    (folder / MANIFEST_FILE).unlink()
    with pytest.raises(ReleaseDamaged, match=r"release r000001: manifest\.json is missing"):
        verify(folder)
    shutil.rmtree(folder)
    with pytest.raises(ReleaseDamaged, match=r"release r000001: manifest\.json is missing"):
        verify(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"release_id": "r000001"}'])
def test_a_manifest_that_cannot_be_read_is_named(folder: Path, content: bytes) -> None:
    (folder / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(ReleaseDamaged, match=r"release r000001: manifest\.json cannot be read"):
        verify(folder)


def test_a_manifest_with_an_unknown_field_is_refused(folder: Path) -> None:
    text = (folder / MANIFEST_FILE).read_text()
    (folder / MANIFEST_FILE).write_text(text.replace('"products"', '"more": 1,\n  "products"', 1))
    with pytest.raises(ReleaseDamaged, match=r"manifest\.json cannot be read"):
        verify(folder)


def test_a_release_copied_elsewhere_is_still_whole(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere" / "r000001")
    assert verify(tmp_path / "elsewhere" / "r000001") == verify(folder)


def test_a_release_whose_online_rows_have_another_form_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "r000001"
    manifest = write_release(folder)
    write_manifest(folder, manifest.model_copy(update={"online_format": 1}))
    with pytest.raises(ReleaseDamaged, match="its online rows have another form; run `faces release`"):
        verify(folder)
