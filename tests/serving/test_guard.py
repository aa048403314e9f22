from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from features.contracts.errors import Refused
from serving.guard import REFUSED, SUPERVISOR, refuse, require_free_port


def test_a_refusal_is_one_line_and_a_code_of_its_own(capsys):
    with pytest.raises(SystemExit) as ended:
        refuse(Refused("release r1: damaged\n  run `faces release`"))
    assert ended.value.code == REFUSED
    assert capsys.readouterr().err == "release r1: damaged run `faces release`\n"


def test_a_taken_port_is_refused_and_a_free_one_is_not(unused_port):
    require_free_port("127.0.0.1", unused_port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused_port))
        taken.listen()
        with pytest.raises(Refused, match=f"127.0.0.1:{unused_port}.*FACES_SERVING__PORT"):
            require_free_port("127.0.0.1", unused_port)


def test_an_address_of_another_machine_is_refused_readably():
    with pytest.raises(Refused, match=r"192\.0\.2\.1:3000"):
        require_free_port("192.0.2.1", 3000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent ended")
@pytest.mark.parametrize(("supervisor", "code"), [("own", 0), ("another", 1)])
def test_a_child_of_a_supervisor_that_is_gone_ends_itself(supervisor, code):
    named = str(os.getpid()) if supervisor == "own" else "1"
    program = "from serving.guard import die_with_supervisor; die_with_supervisor()"
    ended = subprocess.run([sys.executable, "-c", program], env={**os.environ, SUPERVISOR: named}, check=False)
    assert ended.returncode == code
