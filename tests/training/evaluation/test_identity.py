"""The measure of identity, on few records counted by hand, and on generated ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from features.contracts.identity_settings import IdentitySettings
from features.identity.resolving import Resolved
from training.evaluation.febrl import febrl_records
from training.evaluation.identity import ResolvedRecords, identity_quality, measured
from training.evaluation.identity_page import identity_section
from training.generated.channel_records import Rates, channel_records

RULES = IdentitySettings(phone_region="CN", max_persons_per_contact=8, recycled_gap_days=90, silent_gap_days=180)
STARTS_AT = datetime(2017, 1, 1, tzinfo=UTC)


def days(people: int) -> np.ndarray:
    random = np.random.default_rng(5)
    first = random.integers(0, 60, people)
    return np.stack([first, first + random.integers(100, 300, people)], axis=1)


def test_pairs_are_counted_as_by_hand() -> None:
    times = {"protect_seconds": 0.0, "resolve_seconds": 0.0, "resolve_cpu_seconds": 0.0}
    counts = Resolved(persons=5, members=2, contested=0, parted=0, lost_numbers=0, undone=0)
    resolved = ResolvedRecords(member=np.array([1, 1, 1, 2, 2]), counts=counts, **times)
    person = np.array([7, 7, 8, 8, 8])
    found = measured(resolved, person, [("a",), ("a",), ("b",), ("b", "c"), ("c",)])
    # together: 01 02 12 34; of one person: 01 23 24 34; of these 01, 23 and 34 share an identifier
    assert (found.found_pairs, found.wrong_pairs, found.true_pairs, found.sharing_pairs) == (4, 2, 4, 3)
    assert (found.precision, found.recall, found.recall_all) == (0.5, 2 / 3, 0.5)


def test_the_same_seed_makes_the_same_records_and_another_one_others() -> None:
    made = [channel_records(days(30), seed=seed, rates=Rates(), starts_at=STARTS_AT).records for seed in (1, 1, 2)]
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_rates_are_kept() -> None:
    made = channel_records(days(2000), seed=1, rates=Rates(), starts_at=STARTS_AT).records
    phones = made.column("phone").to_pylist()
    count = len(phones)
    assert abs(phones.count(None) / count - 0.10) < 0.02
    assert abs(sum("*" in (phone or "") for phone in phones) / count - 0.03) < 0.01
    assert abs((count - made.column("wechat_unionid").null_count) / count - 0.40) < 0.03


def test_generated_people_are_found_again() -> None:
    found = identity_quality(channel_records(days(400), seed=4, rates=Rates(), starts_at=STARTS_AT), RULES, threads=1)
    assert found.wrong_pairs <= 1
    assert found.recall is not None
    assert found.recall >= 0.96
    assert found.recall_all < found.recall


def test_febrl_is_found_again_by_its_numbers_and_hardly_by_names_and_addresses() -> None:
    numbered, named = (
        identity_quality(febrl_records("febrl1", with_numbers=with_numbers), RULES, threads=1)
        for with_numbers in (True, False)
    )
    assert numbered.precision == named.precision == 1.0
    assert (numbered.recall, named.recall) == (1.0, None)
    assert numbered.recall_all > 0.85
    assert named.recall_all < 0.5


@pytest.mark.parametrize("febrl", [True, False])
def test_the_page_shows_the_figures(febrl: bool) -> None:
    row = {"data": "febrl1" if febrl else "seed 7", "records": 5, "people": 2, "members": 3, "precision": 1.0}
    row |= {"recall": None if febrl else 0.98, "recall_all": 0.87, "wrong_pairs": 0, "true_pairs": 4}
    kept = {
        "command": "faces evaluate identity",
        "data": "2 people",
        "protocol": "So.",
        "rates": {"shared_phone": 0.01},
    }
    page = identity_section({**kept, "rows": [row]})
    assert ("0.9800" in page) is not febrl
    assert "shared phone 1%" in page
