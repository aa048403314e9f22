"""The server, the worker or the supervisor as a process of its own, over a fake engine and a fake build.

Run as `python stub_process.py server|worker|supervisor|reborn`; the releases' pointer file is read as in earnest.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from features.contracts.errors import BadRequest, FacesError, ReleaseDamaged
from serving.records.audience_members import SCHEMA

STEPS = 40
STEP_SECONDS = 0.05


def conftest() -> ModuleType:
    # pytest puts the literal rows there
    sys.path.insert(0, str(Path(__file__).parents[1] / "literal"))
    spec = importlib.util.spec_from_file_location("serving_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["serving_conftest"] = module
    spec.loader.exec_module(module)
    return module


def load_engine(_settings: Any, release_id: str, *, scenarios: Any, forgotten: Any = None) -> Any:  # noqa: ARG001 - the engine's signature
    if release_id == "damaged":
        raise ReleaseDamaged("release damaged: checksum of model.json\ndoes not match; run `faces release`")
    return conftest().FakeEngine(release_id=release_id)


@dataclass(frozen=True, kw_only=True)
class Built:
    summary: dict[str, Any]
    report: dict[str, Any]
    members: pa.Table


def build_audience(_settings: Any, rule: Any, *, progress: Any, **_as_the_build: Any) -> Built:
    category = rule.target.category
    if category == "NOTHING":
        raise BadRequest("audience: nobody ever bought from a category named 'NOTHING'")
    if category == "BROKEN":
        raise RuntimeError("the secret")
    for step in range(STEPS if category == "SLOW" else 1):
        progress(step, STEPS, "scoring members")
        time.sleep(STEP_SECONDS)
    members = {
        "rank": [1, 2],
        "member_id": ["m2", "m1"],
        "probability": [0.9, 0.1],
        "expected_revenue": [1.0, 0.5],
        "is_held_out": [False, False],
        "coupon_id": [None, None],
        "drivers": [None, None],
    }
    return Built(summary={"size": 2}, report={"curve": []}, members=pa.table(members, schema=SCHEMA))


def stay_reborn() -> None:
    """Serves in a child of this process, and in another one when that was killed: what is imported, is imported once.

    A start costs seconds of imports; a test that kills many times has no time for them.
    """
    import os

    engine = ModuleType("serving.recommendations.engine")
    engine.load_engine = load_engine  # type: ignore[attr-defined]  # a module made here
    sys.modules["serving.recommendations.engine"] = engine
    from features.contracts.settings import load_settings

    os.environ["BENTOML_HOME"] = str(load_settings().paths.records / "bentoml")
    import uvicorn  # noqa: F401 - so that children have it

    from serving import server, service  # noqa: F401
    from serving.guard import SUPERVISOR, die_with_supervisor

    conftest()
    os.environ[SUPERVISOR] = str(os.getpid())
    while True:
        child = os.fork()
        if not child:
            die_with_supervisor()
            server.main()
            os._exit(0)
        os.waitpid(child, 0)


def main(what: str) -> None:
    from features.contracts.settings import load_settings

    if what == "supervisor":
        from serving.supervisor import supervise

        this = (sys.executable, __file__)
        try:
            code = supervise(
                load_settings(),
                say=lambda line: print(line, flush=True),
                server=(*this, "server"),
                worker=(*this, "worker"),
            )
        except FacesError as error:
            print(error, file=sys.stderr)
            code = 1
        raise SystemExit(code)
    if what == "reborn":
        stay_reborn()
    from serving.guard import die_with_supervisor

    die_with_supervisor()
    if what == "server":
        engine = ModuleType("serving.recommendations.engine")
        engine.load_engine = load_engine  # type: ignore[attr-defined]  # a module made here
        sys.modules["serving.recommendations.engine"] = engine
        from serving.server import main as serve

        serve()
    if what == "worker":
        import serving.worker

        serving.worker.build_audience = build_audience
        serving.worker.main()


if __name__ == "__main__":
    main(sys.argv[1])
