"""An empty FastAPI endpoint on uvicorn: what HTTP in Python costs at the least. `python -m ... PORT` serves it."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Answers once it serves."""
    return {}


@app.post("/empty")
async def empty() -> dict[str, str]:
    """Answers `{}`."""
    return {}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
