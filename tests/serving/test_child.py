from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest
from processes import is_dead, wait_for

from serving.guard import SUPERVISOR
from serving.supervisor import CHILD

SUPERVISING = """
import os, subprocess, sys, time
subprocess.Popen(sys.argv[1:], env={**os.environ, %r: str(os.getpid())})
time.sleep(60)
"""
IMPORTING = """
import os, pathlib, time
pathlib.Path(os.environ["TOLD"]).write_text(str(os.getpid()))
time.sleep(60)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent ended")
def test_a_child_that_still_imports_dies_with_its_supervisor(tmp_path):
    (tmp_path / "slow_to_import.py").write_text(IMPORTING)
    told = tmp_path / "told"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISING % SUPERVISOR, *CHILD, "slow_to_import"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "TOLD": str(told)},
    )
    try:
        wait_for(lambda: told.exists() and told.read_text())
        child = psutil.Process(int(told.read_text()))
    finally:
        supervisor.kill()
        supervisor.wait()
    assert wait_for(lambda: is_dead(child))
