"""Audiences with reports, held-out members and dry runs; who was exported; uploaded lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SHOP = sa.String(31)
ID = sa.String(64)
NAME = sa.String(200)
MOMENT = sa.DateTime(timezone=True)
ENTRY = sa.String(255)


def upgrade() -> None:
    """Adds the columns and tables; audiences of before have no report and nobody held out."""
    op.add_column("audiences", sa.Column("is_dry_run", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("audience_members", sa.Column("expected_revenue", sa.Float(53)))
    op.add_column("audience_members", sa.Column("is_held_out", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("audience_members", sa.Column("coupon_id", ENTRY))
    op.add_column("audience_members", sa.Column("drivers", sa.Text()))
    _create_audience_reports()
    _create_exported_members()
    _create_id_lists()


def downgrade() -> None:
    """Removes them."""
    for table in ("id_list_entries", "id_lists", "exported_members", "audience_reports"):
        op.drop_table(table)
    for column in ("drivers", "coupon_id", "is_held_out", "expected_revenue"):
        op.drop_column("audience_members", column)
    op.drop_column("audiences", "is_dry_run")


def _of_an_audience(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["shop", "audience_id"],
        ["audiences.shop", "audiences.audience_id"],
        name=f"fk_{table}_audiences",
        ondelete="CASCADE",
    )


def _create_audience_reports() -> None:
    op.create_table(
        "audience_reports",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("audience_id", ID, nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "audience_id", name="pk_audience_reports"),
        _of_an_audience("audience_reports"),
    )


def _create_exported_members() -> None:
    op.create_table(
        "exported_members",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("export_id", ID, nullable=False),
        sa.Column("member_id", ENTRY, nullable=False),
        sa.Column("audience_id", ID, nullable=False),
        sa.Column("channel", sa.String(16)),
        sa.Column("exported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("shop", "export_id", "member_id", name="pk_exported_members"),
        _of_an_audience("exported_members"),
    )
    op.create_index("ix_exported_members_shop_exported_at", "exported_members", ["shop", "exported_at"])
    op.create_index("ix_exported_members_shop_audience_id", "exported_members", ["shop", "audience_id"])


def _create_id_lists() -> None:
    counts = [
        sa.Column(name, sa.BigInteger(), nullable=False)
        for name in ("given", "malformed", "duplicates", "known", "unknown")
    ]
    op.create_table(
        "id_lists",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *counts,
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("shop", "list_id", name="pk_id_lists"),
    )
    op.create_table(
        "id_list_entries",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("entry", ENTRY, nullable=False),
        sa.PrimaryKeyConstraint("shop", "list_id", "entry", name="pk_id_list_entries"),
        sa.ForeignKeyConstraint(
            ["shop", "list_id"],
            ["id_lists.shop", "id_lists.list_id"],
            name="fk_id_list_entries_id_lists",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
