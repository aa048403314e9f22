"""How a child of the supervisor begins: `python -m serving.child serving.worker` runs that module.

The modules import for seconds. A supervisor that is killed meanwhile has to take its children along too.
"""

from __future__ import annotations

import runpy
import sys

from serving.guard import die_with_supervisor


def main(module: str) -> None:
    """Binds this process to its supervisor, then runs a module as `python -m` does."""
    die_with_supervisor()
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
