from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError, StatementError

from serving.records.audit import AuditEntry, add_audit, list_audit
from serving.records.databases import sqlite_engine
from serving.records.opening import open_records
from serving.records.tables import AudienceMemberRow, Table


def entry(at=datetime(2026, 1, 1, tzinfo=UTC), what="tested"):
    return AuditEntry(what=what, who="command", at=at, details={"a": [1]})


def test_the_migrations_make_exactly_the_declared_tables(records):
    with records.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_shop_leads_the_key_of_every_table(records):
    inspector = inspect(records.engine)
    tables = set(inspector.get_table_names()) - {"alembic_version"}
    assert tables == set(Table.metadata.tables)
    for table in tables:
        assert inspector.get_pk_constraint(table)["constrained_columns"][0] == "shop", table


def test_records_opened_again_keep_their_rows(settings, records):
    with records.writing() as transaction:
        add_audit(transaction, entry())
    again = open_records(settings)
    with again.reading() as transaction:
        assert list_audit(transaction, limit=9) == (entry(),)
    again.close()


def test_several_processes_may_open_new_records_at_once(settings):
    opened, errors = [], []

    def open_one():
        try:
            opened.append(open_records(settings))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in opened:
        each.close()
    assert (len(opened), errors) == (4, [])


def test_sqlite_writes_ahead_and_keeps_references(tmp_path):
    with sqlite_engine(tmp_path / "records.db").connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000


def test_a_member_of_no_audience_cannot_be_stored(records):
    row = AudienceMemberRow(shop="main", audience_id="none", rank=1, member_id="m", probability=0.5)
    with pytest.raises(IntegrityError), records.writing() as transaction:
        transaction.session.add(row)


def test_a_failed_transaction_leaves_nothing(records):
    def store_and_fail():
        with records.writing() as transaction:
            add_audit(transaction, entry())
            transaction.session.flush()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        store_and_fail()
    with records.reading() as transaction:
        assert list_audit(transaction, limit=9) == ()


def test_writers_wait_for_each_other_instead_of_failing(records):
    errors = []

    def write(number):
        try:
            for step in range(20):
                with records.writing() as transaction:
                    list_audit(transaction, limit=1)
                    add_audit(transaction, entry(what=f"{number}-{step}"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with records.reading() as transaction:
        assert len(list_audit(transaction, limit=1000)) == 80
    assert errors == []


def test_a_reader_is_not_held_up_by_a_writer(records):
    with records.writing() as writing:
        add_audit(writing, entry())
        writing.session.flush()
        with records.reading() as reading:
            assert list_audit(reading, limit=9) == ()


def test_instants_come_back_in_utc(records):
    at = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    with records.writing() as transaction:
        add_audit(transaction, entry(at=at))
    with records.reading() as transaction:
        (found,) = list_audit(transaction, limit=9)
    assert (found.at, found.at.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)


def test_an_instant_without_a_zone_is_refused(records):
    with pytest.raises(StatementError, match="needs a zone"), records.writing() as transaction:
        add_audit(transaction, entry(at=datetime(2026, 1, 1)))


def test_another_shop_in_the_same_records_is_not_seen(records):
    with records.writing() as transaction:
        add_audit(transaction, entry())
    other = type(records)(shop="other", engine=records.engine)
    with other.reading() as transaction:
        assert list_audit(transaction, limit=9) == ()
