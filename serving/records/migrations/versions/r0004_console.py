"""What the console brings: users, their sessions, and sign-ins that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SHOP = sa.String(31)
ID = sa.String(64)
MOMENT = sa.DateTime(timezone=True)
ENTRY = sa.String(255)


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "users",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("store_id", ENTRY),
        sa.Column("password_hash", ENTRY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("signed_in_at", MOMENT),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("shop", "user_id", name="pk_users"),
    )
    op.create_table(
        "sessions",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("key_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("shop", "token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_shop_user_id", "sessions", ["shop", "user_id"])
    op.create_index("ix_sessions_shop_seen_at", "sessions", ["shop", "seen_at"])
    op.create_table(
        "sign_in_failures",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("failure_id", ID, nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("shop", "failure_id", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_shop_mark_failed_at", "sign_in_failures", ["shop", "mark", "failed_at"])
    op.create_index("ix_sign_in_failures_shop_failed_at", "sign_in_failures", ["shop", "failed_at"])


def downgrade() -> None:
    """Removes them."""
    for table in ("sign_in_failures", "sessions", "users"):
        op.drop_table(table)
