from __future__ import annotations

import uuid
from datetime import timedelta

from serving.new_ids import new_id


def test_an_id_is_a_uuid_of_version_7(now):
    made = uuid.UUID(new_id(now))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == int(now.timestamp() * 1000)


def test_ids_sort_by_their_moment_and_differ_within_it(now):
    moments = [now + timedelta(milliseconds=step) for step in range(50)]
    made = [new_id(moment) for moment in moments]
    assert made == sorted(made)
    assert len({new_id(now) for _ in range(1000)}) == 1000
