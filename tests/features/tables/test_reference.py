from features.contracts.tables import CONTRACTS
from features.tables.checks import reason_order
from features.tables.reference import tables_page


def test_every_table_stands_on_the_page_with_each_column_and_its_sentence():
    page = tables_page()
    for contract in CONTRACTS.values():
        section = page.split(f"## {contract.name}\n", 1)[1].split("\n## ", 1)[0]
        for column in contract.columns:
            assert f"| `{column.name}` |" in section
            assert column.sentence in section


def test_every_reason_is_explained():
    page = tables_page()
    for contract in CONTRACTS.values():
        for reason in reason_order(contract):
            stem = reason.split(":")[0] if ":" in reason else reason.split("_")[0] if "_" in reason else reason
            assert f"`{reason}`" in page or f"`{stem}" in page
