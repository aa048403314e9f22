"""Every notebook runs top to bottom on a real shop, shows pictures, and tells nobody's contact data."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from features.contracts.secrecy import contact_cipher
from features.tables.storage import current_tables

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = [pytest.param(file, id=file.stem) for file in sorted(FOLDER.glob("*.ipynb"))]
TRAINS = "03_a_launch_audience"
"""Trains and releases as of an earlier day: minutes, even on a small shop."""
RUNS = [
    pytest.param(file, id=file.stem, marks=[pytest.mark.slow] if file.stem == TRAINS else [])
    for file in sorted(FOLDER.glob("*.ipynb"))
]
CELL_SECONDS = 300
LONGEST_DEFINITION = 25
CONTACTS = ("phone_hash", "phone_encrypted", "email_hash", "email_encrypted", "wechat_openid", "wechat_unionid")


def read(file: Path) -> Any:
    return nbformat.read(file, as_version=4)


def run(file: Path, *, environment: dict[str, str]) -> Any:
    """The notebook with its outputs, run by this interpreter whatever kernels are installed."""
    notebook = read(file)
    own_kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(
        notebook, km=own_kernel, timeout=CELL_SECONDS, resources={"metadata": {"path": str(file.parent)}}
    )
    # else the kernel that this client was handed would outlive it
    client.execute(env=environment, cleanup_kc=True)
    return notebook


def outputs_of(notebook: Any) -> list[dict[str, Any]]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def contact_data(shop: Any) -> list[str]:
    """Every contact of the shop as it is stored, and in plain."""
    cipher = contact_cipher(shop.settings)
    records = current_tables(shop.settings.paths).folder / "member_records.parquet"
    columns = ", ".join(CONTACTS)
    rows = duckdb.execute(f"SELECT {columns} FROM read_parquet($file)", {"file": str(records)}).fetchall()
    stored = [(name, value) for row in rows for name, value in zip(CONTACTS, row, strict=True) if value]
    plain = [cipher.decrypt(value) for name, value in stored if name.endswith("_encrypted")]
    return [value for _, value in stored] + plain


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


def test_the_numbers_count_up_from_one() -> None:
    numbers = [re.match(r"(\d\d)_[a-z0-9_]+$", file.stem) for file in sorted(FOLDER.glob("*.ipynb"))]
    assert [int(number[1]) if number else None for number in numbers] == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("file", NOTEBOOKS)
def test_outputs_are_stripped(file: Path) -> None:
    notebook = read(file)
    nbformat.validate(notebook)
    assert outputs_of(notebook) == []
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.execution_count] == []


@pytest.mark.parametrize("file", NOTEBOOKS)
def test_nothing_long_is_defined(file: Path) -> None:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for cell in read(file).cells:
        found = ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ()
        for node in found:
            if isinstance(node, definitions):
                assert (node.end_lineno or 0) - node.lineno < LONGEST_DEFINITION, node.name


@pytest.mark.parametrize("file", RUNS)
def test_it_runs_shows_pictures_and_tells_no_contact_data(
    file: Path, small_shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what Jupyter keeps for its user stays out of the home folder
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    shown = outputs_of(run(file, environment=small_shop.environment))
    assert [output for output in shown if "image/png" in output.get("data", {})]
    assert [output["text"] for output in shown if output.get("name") == "stderr"] == []
    text = json.dumps([{**output, "data": _without_pictures(output)} for output in shown])
    contacts = contact_data(small_shop)
    assert contacts
    assert [contact for contact in contacts if contact in text] == []


def _without_pictures(output: dict[str, Any]) -> dict[str, Any]:
    return {kind: content for kind, content in output.get("data", {}).items() if not kind.startswith("image/")}
