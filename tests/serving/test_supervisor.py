from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

import pytest

from features.contracts.errors import Refused
from features.contracts.settings import load_settings
from serving.guard import REFUSED
from serving.supervisor import Child, address, child_environment, supervise

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def at_port(tmp_path, monkeypatch, unused_port):
    monkeypatch.setenv("FACES_SERVING__PORT", str(unused_port))
    return load_settings(home=tmp_path)


@pytest.fixture
def signal_after():
    """Sends this process a signal later; one that comes too late ends nothing."""
    timers = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]

    def send(number, *, seconds):
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), number)))
        timers[-1].start()

    yield send
    for timer in timers:
        timer.cancel()
        timer.join()
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def python(program):
    return (sys.executable, "-c", program)


def test_a_child_that_refuses_ends_the_supervisor_with_1(at_port):
    said = []
    assert supervise(at_port, say=said.append, server=python(f"raise SystemExit({REFUSED})"), worker=SLEEPER) == 1
    assert said == []


def test_a_child_that_dies_is_started_again_until_a_signal_comes(at_port, tmp_path, signal_after):
    program = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')"
    signal_after(signal.SIGTERM, seconds=2.0)
    assert supervise(at_port, say=lambda _: None, server=python(program), worker=SLEEPER) == 0
    assert len((tmp_path / "starts").read_text()) >= 2


def test_a_child_that_ignores_the_stop_is_killed(at_port, monkeypatch, signal_after):
    monkeypatch.setattr("serving.supervisor.STOP_SECONDS", 0.5)
    stubborn = python("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")
    signal_after(signal.SIGINT, seconds=1.0)
    started = time.monotonic()
    assert supervise(at_port, say=lambda _: None, server=stubborn, worker=SLEEPER) == 0
    assert time.monotonic() - started < 30


def test_pauses_between_starts_grow(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("serving.supervisor.time.monotonic", lambda: now[0])
    child = Child(name="c", command=python("raise SystemExit(3)"), environment=dict(os.environ))
    pauses = []
    for _ in range(3):
        now[0] = child.start_at
        child.look()
        child.process.wait()
        assert child.look() == 3
        pauses.append(child.start_at - now[0])
    assert pauses == pytest.approx([0.2, 0.4, 0.8])


def test_children_get_the_same_settings_with_absolute_paths(settings, monkeypatch):
    monkeypatch.chdir("/")
    environment = child_environment(settings.model_copy(update={"home": settings.home.relative_to("/")}))
    assert environment["FACES_HOME"] == str(settings.home)
    assert (environment["FACES_SHOP"], environment["FACES_SERVING__PORT"]) == ("main", "3000")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # the fixture's own wait for dry runs is of no file and no variable
    assert load_settings().model_copy(update={"audiences": settings.audiences}) == settings


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "http://127.0.0.1:3000"), ("0.0.0.0", "http://127.0.0.1:3000"), ("::", "http://[::1]:3000")],
)
def test_the_address_is_one_that_can_be_opened(settings, host, expected):
    serving = settings.serving.model_copy(update={"host": host})
    assert address(settings.model_copy(update={"serving": serving})) == expected


def test_a_taken_port_is_refused_before_anything_starts(at_port, tmp_path):
    program = python(f"open({str(tmp_path / 'started')!r}, 'w')")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", at_port.serving.port))
        taken.listen()
        with pytest.raises(Refused):
            supervise(at_port, say=lambda _: None, server=program, worker=SLEEPER)
    assert not (tmp_path / "started").exists()
