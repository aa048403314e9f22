from __future__ import annotations

from datetime import timedelta

from serving.records.idempotency import RememberedAnswer, find_answer, forget_answers, remember_answer


def answer(at, response="{}"):
    return RememberedAnswer(
        key_id="k", key="once", route="/v1/x", body_hash="h", status=200, response=response, created_at=at
    )


def test_an_answer_is_kept_for_a_day(records, now):
    with records.writing() as transaction:
        remember_answer(transaction, answer(now))
    with records.reading() as transaction:
        in_time = find_answer(transaction, key_id="k", key="once", at=now + timedelta(hours=24))
        late = find_answer(transaction, key_id="k", key="once", at=now + timedelta(hours=24, seconds=1))
    assert in_time == answer(now)
    assert late is None


def test_an_old_key_may_be_used_anew(records, now):
    later = now + timedelta(days=2)
    with records.writing() as transaction:
        remember_answer(transaction, answer(now))
        remember_answer(transaction, answer(later, response="new"))
    with records.reading() as transaction:
        assert find_answer(transaction, key_id="k", key="once", at=later).response == "new"


def test_old_answers_are_forgotten_and_counted(records, now):
    with records.writing() as transaction:
        remember_answer(transaction, answer(now))
        assert forget_answers(transaction, at=now + timedelta(hours=23)) == 0
        assert forget_answers(transaction, at=now + timedelta(hours=25)) == 1
