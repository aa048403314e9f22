"""What a shop's own data brings: events as they happen, and how far they were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SHOP = sa.String(31)
ID = sa.String(64)
NAME = sa.String(200)
MOMENT = sa.DateTime(timezone=True)
ENTRY = sa.String(255)

ABOUT = (
    "product_id",
    "content_id",
    "coupon_id",
    "campaign_id",
    "store_id",
    "zone",
    "order_id",
    "recommendation_id",
    "audience_id",
)


def upgrade() -> None:
    """Adds the tables and columns."""
    op.add_column("api_keys", sa.Column("store_id", ENTRY))
    _create_events()
    _create_forgotten()


def downgrade() -> None:
    """Removes them."""
    op.drop_column("api_keys", "store_id")
    for table in ("forgotten_people", "forgettings", "event_cursors", "events"):
        op.drop_table(table)


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("message_id", ENTRY, nullable=False),
        sa.Column("type", NAME, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("source", ID, nullable=False),
        sa.Column("source_id", ENTRY, nullable=False),
        sa.Column("member_key", sa.String(512), nullable=False),
        *(sa.Column(name, ENTRY) for name in ABOUT),
        sa.Column("properties", sa.Text()),
        sa.PrimaryKeyConstraint("shop", "number", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_events_shop_message_id", "events", ["shop", "message_id"], unique=True)
    op.create_index("ix_events_shop_member_key_occurred_at", "events", ["shop", "member_key", "occurred_at"])
    op.create_index(
        "ix_events_shop_source_source_id_occurred_at", "events", ["shop", "source", "source_id", "occurred_at"]
    )
    for column in ("store_id", "recommendation_id"):
        op.create_index(
            f"ix_events_shop_{column}_occurred_at",
            "events",
            ["shop", column, "occurred_at"],
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "event_cursors",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "name", name="pk_event_cursors"),
    )


def _create_forgotten() -> None:
    op.create_table(
        "forgettings",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("forgetting_id", ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("returned_at", MOMENT),
        sa.Column("pending", sa.JSON()),
        sa.Column("counts", sa.JSON()),
        sa.PrimaryKeyConstraint("shop", "forgetting_id", name="pk_forgettings"),
    )
    op.create_index("ix_forgettings_shop_changed_at", "forgettings", ["shop", "changed_at"])
    op.create_table(
        "forgotten_people",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("named", sa.String(16), nullable=False),
        sa.Column("forgetting_id", ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("shop", "mark", name="pk_forgotten_people"),
    )
    op.create_index("ix_forgotten_people_shop_forgetting_id", "forgotten_people", ["shop", "forgetting_id"])
