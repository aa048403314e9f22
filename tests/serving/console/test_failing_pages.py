"""A failure of the console stays a page, whatever is around the application."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse

from serving.api.frame import JsonErrors


def answered(failure):
    async def ask():
        transport = httpx.ASGITransport(app=JsonErrors(failure))
        async with httpx.AsyncClient(transport=transport, base_url="http://faces") as client:
            return await client.get("/console/users")

    return asyncio.run(ask())


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_page_that_tells_of_a_failure_passes_as_it_is(status):
    answer = answered(HTMLResponse("<h1>Not yours</h1>", status))
    assert (answer.status_code, answer.text) == (status, "<h1>Not yours</h1>")


def test_a_failure_in_plain_text_takes_the_one_shape():
    answer = answered(PlainTextResponse("no", 403))
    assert answer.json() == {"error": "forbidden", "detail": "no", "status": 403}
