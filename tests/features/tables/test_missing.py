from features.contracts.tables import CONTRACTS
from features.tables.missing import SWITCHED_OFF


def test_every_table_that_may_be_missing_says_what_that_switches_off():
    assert set(SWITCHED_OFF) == set(CONTRACTS) - {"order_lines"}
    assert all(len(sentence) > 20 for sentence in SWITCHED_OFF.values())
