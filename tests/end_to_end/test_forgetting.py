"""A member asks to be forgotten while the service runs; afterwards no byte of the shop's state tells of them."""

from __future__ import annotations

import hashlib
import json
import time

import duckdb
import pyarrow.parquet as pq
import pytest
import telling_shop as telling
from byte_search import places_of
from sqlalchemy import select

from features.contracts.secrecy import contact_cipher
from features.tables.storage import current_tables
from serving.records.opening import open_records
from serving.records.tables import AudienceReportRow

pytestmark = pytest.mark.slow

NAMES = (telling.POS_ID, telling.APP_ID, telling.OPENID, telling.UNIONID, telling.CARD, telling.FACT)


@pytest.fixture(scope="module")
def shop(small_shop, tmp_path_factory):
    """A shop with a member whose names cannot be mistaken, taken through the whole way of the data."""
    folder = tmp_path_factory.mktemp("telling")
    telling.write_telling_shop(current_tables(small_shop.settings.paths).folder, folder / "source")
    made = type(small_shop)(home=folder / "home", source=folder / "source")
    for step in (["load", "--from", str(made.source)], ["features"], ["train"], ["promote"], ["release"]):
        done = made.faces(*step, check=False)
        assert done.returncode == 0, f"faces {' '.join(step)}:\n{done.stdout}\n{done.stderr}"
    return made


def tokens(shop):
    """Everything that would tell of the member: ids, contacts plain and hashed, and the ciphertexts there are."""
    cipher = contact_cipher(shop.settings)
    hashes = [cipher.hash_phone(telling.PHONE), cipher.hash_email(telling.EMAIL), cipher.hash_name(telling.NAME)]
    plain = [telling.PHONE, telling.PHONE[1:], telling.EMAIL, telling.NAME, telling.ADDRESS]
    unkeyed = [hashlib.sha256(telling.PHONE.encode()).hexdigest(), hashlib.sha256(telling.EMAIL.encode()).hexdigest()]
    records = pq.read_table(current_tables(shop.settings.paths).file("member_records")).to_pylist()
    own = [row for row in records if row["source_id"] in (telling.POS_ID, telling.APP_ID)]
    assert len(own) == 2
    encrypted = [value for row in own for name, value in row.items() if name.endswith("_encrypted") and value]
    assert encrypted
    return [*NAMES, *hashes, *plain, *unkeyed, *encrypted]


def member_of(shop):
    tables = current_tables(shop.settings.paths)
    with duckdb.connect() as con:
        found = con.execute(
            f"SELECT DISTINCT member_id FROM '{tables.file('member_ids')}' WHERE source_id IN (?, ?)",
            [telling.POS_ID, telling.APP_ID],
        ).fetchall()
    ((member_id,),) = found
    return member_id


def live_a_little(service, member_id):
    """What a service does in a day, of and with the member."""
    asked = service.recommend({"source": "app", "source_id": telling.APP_ID})
    assert asked["fallback"] is None
    event = {"message_id": "e1", "type": "Product Viewed", "source": "app", "source_id": telling.APP_ID}
    event |= {"occurred_at": "2026-11-20T10:00:00Z", "product_id": asked["items"][0]["id"]}
    assert service.send("POST", "/v1/events", {"events": [event]}).json()["accepted"] == 1
    listed = {"name": "regulars", "kind": "member_id", "ids": [member_id, telling.OTHER + "113"]}
    assert service.send("POST", "/v1/lists", listed).status_code in (200, 201)
    body = {"target": {"category": "SOFT DRINKS"}, "size": 250, "channel": "sms"}
    answer = service.send("POST", "/v1/audiences", body)
    assert answer.status_code == 202, answer.text
    audience = service.built_audience(answer.headers["location"])
    assert audience["state"] == "done", audience["error"]
    rows = service.send("GET", f"/v1/audiences/{audience['id']}/members").text
    assert member_id in rows, rows[:500]
    page = service.send("GET", f"/v1/members/{telling.APP_ID}?source=app")
    assert page.status_code == 200
    assert telling.POS_ID in page.text
    return audience


def wait_for_the_log(shop, member_id):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if places_of([member_id], shop.settings.paths.records):
            return
        time.sleep(0.5)


def test_nothing_is_left_of_a_forgotten_member(shop, serve):
    member_id = member_of(shop)
    everything = tokens(shop)
    with serve(shop) as service:
        audience = live_a_little(service, member_id)
        wait_for_the_log(shop, member_id)
        before = places_of(everything, shop.home)
        folders = {place.split("/")[1] for place in before[member_id]}
        # else the search would prove nothing
        assert folders >= {"raw", "tables", "features", "mlflow", "releases", "online", "records", "identity", "now"}

        forgotten = service.send("DELETE", f"/v1/members/{telling.APP_ID}?source=app")
        assert (forgotten.status_code, forgotten.json()["state"]) == (202, "excluded")
        require_excluded(service, member_id, audience)

        done = shop.faces("forget", check=False)
        assert done.returncode == 0, done.stderr
        left = places_of(everything, shop.home)
        assert left == {}, left
        require_excluded(service, member_id, audience)
        again = service.send("DELETE", f"/v1/members/{telling.APP_ID}?source=app").json()
        assert (again["forgetting_id"], again["state"]) == (forgotten.json()["forgetting_id"], "removed")
        assert manifest(shop, audience["id"])["forgotten"] == 1
        # everybody else is there as before
        other = service.recommend({"source": "pos", "source_id": telling.OTHER + "113"})
        assert other["fallback"] is None

    # forgetting wins over replay: the same files, and the same in other bytes
    assert shop.faces("load", "--from", str(shop.source)).returncode == 0
    assert places_of(everything, shop.home) == {}
    rewrite(shop.source / "member_records.parquet")
    rewrite(shop.source / "order_lines.parquet")
    loaded = shop.faces("load", "--from", str(shop.source))
    assert "asked to be forgotten" in loaded.stdout
    assert places_of(everything, shop.home) == {}
    for step in ("features", "release"):
        assert shop.faces(step).returncode == 0
    assert places_of(everything, shop.home) == {}


def require_excluded(service, member_id, audience):
    assert service.recommend({"member_id": member_id})["fallback"] == "new_member"
    assert service.recommend({"source": "app", "source_id": telling.APP_ID})["fallback"] == "new_member"
    assert service.send("GET", f"/v1/members/{member_id}").status_code == 404
    assert service.send("GET", f"/v1/members/{telling.APP_ID}?source=app").status_code == 404
    exported = service.send("GET", f"/v1/audiences/{audience['id']}/members")
    assert exported.status_code == 200
    assert member_id not in exported.text
    assert service.send("GET", f"/v1/audiences/{audience['id']}/members/{member_id}").status_code == 404
    assert member_id not in json.dumps(service.send("GET", "/v1/audiences").json())
    event = {"message_id": "e2", "type": "Cart Viewed", "source": "app", "source_id": telling.APP_ID}
    taken = service.send("POST", "/v1/events", {"events": [event | {"occurred_at": "2026-11-20T11:00:00Z"}]}).json()
    assert (taken["accepted"], len(taken["rejected"])) == (0, 1)


def manifest(shop, audience_id):
    records = open_records(shop.settings)
    try:
        with records.reading() as transaction:
            rows = select(AudienceReportRow.report).where(AudienceReportRow.audience_id == audience_id)
            return transaction.session.scalars(rows).one()["manifest"]
    finally:
        records.close()


def rewrite(file):
    """Other bytes with the same rows."""
    pq.write_table(pq.read_table(file), file, compression="gzip")
