"""The script that charts run on, written to a file: `python -m serving.console.charts.vega_bundle FILE`.

A process of its own: vl-convert starts V8, which the service would keep in memory for good.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import vl_convert

from serving.guard import die_with

SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""What of the bundle a page sees."""

if __name__ == "__main__":
    die_with(os.getppid())
    Path(sys.argv[1]).write_text(vl_convert.javascript_bundle(SNIPPET), encoding="utf-8")
