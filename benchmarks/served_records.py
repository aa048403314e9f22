"""Operational records of a large shop: audiences with their members, exports, lists, recommendations and events."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.events import EventType
from features.contracts.ids import AudienceId, MemberId, ProductId, ReleaseId
from features.contracts.settings import Settings
from features.tables.storage import current_tables
from serving.answers import RecommendedItem
from serving.audiences.job import run_audience_job
from serving.cli.screen import say
from serving.exports.leaving import LeavingCounts
from serving.new_ids import new_id
from serving.records.audience_members import SCHEMA, member_batches, replace_members
from serving.records.audience_reports import find_report, replace_report
from serving.records.audiences import add_audience, find_audience, mark_done
from serving.records.audit import AuditEntry, add_audit
from serving.records.events import NewEvent, add_events
from serving.records.exported_members import add_exported
from serving.records.id_lists import ListCounts, ListKind, add_list, extend_list
from serving.records.opening import Records, open_records
from serving.records.recommendations import LoggedRecommendation, NumberedRecommendation, add_recommendations
from serving.worker import builder
from training.release.products import load_products
from training.release.shelf import release_folder, require_active_release
from training.release.stores import load_stores

AUDIENCES: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("Soft drinks, the likeliest quarter", {"category": "SOFT DRINKS"}, 0.25),
    ("Yogurt Maker 69", {"category": "YOGURT", "brand": "Maker 69"}, 0.05),
    ("Cheap produce", {"filter": 'department == "PRODUCE" and price < 3'}, 0.1),
    ("A new yogurt", {"launch": {"category": "YOGURT", "price": 1.5}}, 0.02),
)
"""Name, target and share of the members; `Any` because requests are JSON."""
COPIES = 50
"""Of each audience, with MEMBERS_OF_A_COPY members."""
MEMBERS_OF_A_COPY = 1_000
EXPORTED_SHARE = 0.2
LISTS, IDS_PER_LIST = 3, 100_000
RECOMMENDATIONS, ITEMS, DAYS = 200_000, 10, 28
AUDITED = 20_000
PER_TRANSACTION = 5_000
SCENARIOS = ("home", "basket", "product", "due", "store", "checkout")
SOURCES = ("frequency", "als", "item_item", "favourites", "trending", "explored")


def fill_records(settings: Settings) -> None:
    """Fills the records of a home as those of a shop that has been at work for weeks."""
    records = open_records(settings)
    try:
        members = _member_ids(settings)
        for name, target, share in AUDIENCES:
            say(f"audience: {name}")
            _audience(settings, records, name, target, size=round(share * len(members)))
        _lists(records, members)
        say(f"{RECOMMENDATIONS:,} recommendations and what followed")
        _recommendations(settings, records, members)
        _audit(records)
    finally:
        records.close()


def _member_ids(settings: Settings) -> list[str]:
    found: list[str] = pq.read_table(current_tables(settings.paths).file("members"), columns=["member_id"])[
        "member_id"
    ].to_pylist()
    return found


def _audience(settings: Settings, records: Records, name: str, target: dict[str, Any], *, size: int) -> None:
    """Builds one audience as the worker does, hands a part of it over, and stores copies with few members."""
    rule: dict[str, Any] = {"target": target, "size": size, "holdout": {"share": 0.1}}
    audience_id = AudienceId(new_id(_now()))
    with records.writing() as transaction:
        add_audience(transaction, audience_id, name=name, rule=rule, at=_now())
    run_audience_job(records, builder(settings, records), audience_id, now=_now)
    with records.reading() as transaction:
        built, report = find_audience(transaction, audience_id), find_report(transaction, audience_id)
    if built is None or built.summary is None or report is None:
        raise SystemExit(f"audience {name}: {built and built.error}")
    batches = member_batches(records, audience_id)
    first = next(batches)
    few = pa.Table.from_batches([first.slice(0, MEMBERS_OF_A_COPY)])
    for batch in (first, *batches):
        _export(records, audience_id, batch.slice(0, round(EXPORTED_SHARE * batch.num_rows)))
    for number in range(COPIES):
        at = _now() - timedelta(hours=12 * (number + 1))
        copy_id = AudienceId(new_id(at))
        with records.writing() as transaction:
            add_audience(transaction, copy_id, name=f"{name} {number + 2}", rule=rule, at=at)
            replace_members(transaction, copy_id, few.select(SCHEMA.names))
            replace_report(transaction, copy_id, dict(report))
            mark_done(transaction, copy_id, summary=dict(built.summary), at=at + timedelta(seconds=9))


def _export(records: Records, audience_id: AudienceId, batch: pa.RecordBatch) -> None:
    export_id = new_id(_now())
    counts = LeavingCounts(
        audience=batch.num_rows,
        held_out=0,
        without_consent=0,
        shared_with_held_out=0,
        duplicates=0,
        without_contact=0,
        leaving=batch.num_rows,
    )
    details = {
        "audience_id": audience_id,
        "export_id": export_id,
        "format": "csv",
        "columns": ["rank", "member_id"],
        "channel": "sms",
        "destination": None,
        **counts.to_json(),
    }
    with records.writing() as transaction:
        add_audit(transaction, AuditEntry(what="audience_exported", who="benchmark", at=_now(), details=details))
        add_exported(
            transaction,
            batch.column("member_id").to_pylist(),
            export_id=export_id,
            audience_id=audience_id,
            channel="sms",
            at=_now(),
        )
        ended = AuditEntry(
            what="audience_export_finished", who="benchmark", at=_now(), details={**details, "rows": batch.num_rows}
        )
        add_audit(transaction, ended)


def _lists(records: Records, members: list[str]) -> None:
    for number in range(LISTS):
        list_id = new_id(_now())
        entries = members[number :: len(members) // IDS_PER_LIST or 1][:IDS_PER_LIST]
        counts = ListCounts(given=len(entries), malformed=0, duplicates=0, known=len(entries), unknown=0)
        with records.writing() as transaction:
            add_list(transaction, list_id, name=f"Call centre {number + 1}", kind=ListKind.MEMBER_ID, at=_now())
            extend_list(transaction, list_id, entries, counts=counts, at=_now())


def _recommendations(settings: Settings, records: Records, members: list[str]) -> None:
    release_id = require_active_release(settings.paths)
    folder = release_folder(settings.paths, release_id)
    products = load_products(folder).ids[:5_000]
    stores = load_stores(folder)
    store_ids = [] if stores is None else list(stores.by_id)[:20]
    lot, started = random.Random(settings.seed), _now() - timedelta(days=DAYS)
    for start in range(0, RECOMMENDATIONS, PER_TRANSACTION):
        batch = [
            NumberedRecommendation(
                sequence=number,
                logged=_logged(
                    lot,
                    members,
                    products,
                    release_id,
                    at=started + timedelta(days=DAYS) * (number / RECOMMENDATIONS),
                ),
            )
            for number in range(start, start + PER_TRANSACTION)
        ]
        with records.writing() as transaction:
            add_recommendations(transaction, "benchmark", batch)
            add_events(transaction, list(_events(lot, batch, store_ids)))


def _logged(
    lot: random.Random, members: list[str], products: Sequence[ProductId], release_id: ReleaseId, *, at: datetime
) -> LoggedRecommendation:
    items = tuple(
        RecommendedItem(id=product_id, name=product_id, score=1 - place / ITEMS, source=lot.choice(SOURCES), reasons=())
        for place, product_id in enumerate(lot.sample(products, ITEMS))
    )
    return LoggedRecommendation(
        recommendation_id=str(uuid.UUID(int=lot.getrandbits(128))),
        logged_at=at,
        as_of=at,
        member_id=MemberId(lot.choice(members)),
        scenario=lot.choice(SCENARIOS),
        variant="default",
        release_id=release_id,
        fallback=None,
        items=items,
    )


def _events(lot: random.Random, batch: list[NumberedRecommendation], store_ids: list[str]) -> Iterator[NewEvent]:
    """What members do after a recommendation: each looks at one of its products, one in ten buys it, some visit."""
    for numbered in batch:
        logged = numbered.logged
        member_id, product_id = str(logged.member_id), ProductId(lot.choice(logged.items).id)
        of_member = {"source": "member", "source_id": member_id, "member_key": member_id}
        at = logged.logged_at + timedelta(minutes=5)
        told: list[tuple[EventType, dict[str, Any]]] = [
            (
                EventType.PRODUCT_VIEWED,
                {"product_id": product_id, "recommendation_id": logged.recommendation_id},
            )
        ]
        if lot.random() < 0.1:
            order = f'{{"products":[{{"product_id":"{product_id}","price":2.5,"quantity":1}}]}}'
            told.append((EventType.ORDER_COMPLETED, {"order_id": logged.recommendation_id, "properties": order}))
        if store_ids and lot.random() < 0.5:
            told.append((EventType.STORE_ENTERED, {"store_id": lot.choice(store_ids)}))
        for kind, columns in told:
            yield NewEvent(
                message_id=f"{logged.recommendation_id} {kind}",
                type=kind,
                occurred_at=at,
                received_at=at,
                **of_member,
                **columns,
            )


def _audit(records: Records) -> None:
    for start in range(0, AUDITED, PER_TRANSACTION):
        with records.writing() as transaction:
            for number in range(start, start + PER_TRANSACTION):
                at = _now() - timedelta(minutes=number)
                add_audit(transaction, AuditEntry(what="member_viewed", who="benchmark", at=at, details={}))


def _now() -> datetime:
    return datetime.now(UTC)
