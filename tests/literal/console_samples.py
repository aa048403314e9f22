"""What the console's pages show when there is something to show: an audience, a list, a member, a store."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

BUILD_SECONDS = 300
CATEGORY = "SOFT DRINKS"
AUDIENCE = "Thirsty"
LIST = "Regulars"
THIRSTY = {
    "name": AUDIENCE,
    "target": {"category": CATEGORY},
    "size": 60,
    "exclude": {"bought_within_days": 2},
    "holdout": {"share": 0.25},
}
"""An audience as the API is asked for it; one in four of it is held out."""


def make_samples(client: httpx.Client) -> dict[str, str]:
    """A value for each parameter that stands in an address of a page; made over the API with an administrator's key."""
    audience = built(client, THIRSTY)
    members = client.get(f"/v1/audiences/{audience['id']}/members", params={"format": "jsonl"})
    first = members.raise_for_status().text.splitlines()[0]
    listed = client.post("/v1/lists", json={"name": LIST, "kind": "member_id", "ids": ["1", "2", "3", "nobody"]})
    stores = client.get("/v1/stores", params={"limit": 200}).raise_for_status().json()["items"]
    return {
        "audience_id": audience["id"],
        "list_id": listed.raise_for_status().json()["id"],
        "member_id": json.loads(first)["member_id"],
        "store_id": max(stores, key=lambda store: int(store["members"]))["id"],
    }


def built(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    """A finished audience as the API tells it; `Any` because JSON is."""
    place = client.post("/v1/audiences", json=body).raise_for_status().headers["location"]
    deadline = time.monotonic() + BUILD_SECONDS
    while True:
        told: dict[str, Any] = client.get(place).raise_for_status().json()
        if told["state"] == "done":
            return told
        if told["state"] in ("failed", "cancelled") or time.monotonic() > deadline:
            raise AssertionError(f"the audience {body['name']} did not get done: {told['state']} {told.get('error')}")
        time.sleep(0.1)
