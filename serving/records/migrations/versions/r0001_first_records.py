"""The first records: API keys, audiences, idempotency keys, the recommendation log and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SHOP = sa.String(31)
ID = sa.String(64)
NAME = sa.String(200)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables."""
    _create_api_keys()
    _create_audiences()
    _create_audience_members()
    _create_idempotency_keys()
    _create_recommendation_log()
    _create_audit()


def downgrade() -> None:
    """Removes them; audience_members first, since it refers to audiences."""
    for table in ("audience_members", "audiences", "api_keys", "idempotency_keys", "recommendation_log", "audit"):
        op.drop_table(table)


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("shop", "key_id", name="pk_api_keys"),
    )


def _create_audiences() -> None:
    op.create_table(
        "audiences",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("audience_id", ID, nullable=False),
        sa.Column("name", NAME),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_all", sa.BigInteger(), nullable=False),
        sa.Column("progress_what", NAME, nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("summary", sa.JSON()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "audience_id", name="pk_audiences"),
    )
    op.create_index("ix_audiences_shop_state", "audiences", ["shop", "state"])


def _create_audience_members() -> None:
    op.create_table(
        "audience_members",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("audience_id", ID, nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.String(255), nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("shop", "audience_id", "rank", name="pk_audience_members"),
        sa.ForeignKeyConstraint(
            ["shop", "audience_id"],
            ["audiences.shop", "audiences.audience_id"],
            name="fk_audience_members_audiences",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("key", NAME, nullable=False),
        sa.Column("route", NAME, nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("shop", "key_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_shop_created_at", "idempotency_keys", ["shop", "created_at"])


def _create_recommendation_log() -> None:
    op.create_table(
        "recommendation_log",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("recommendation_id", ID, nullable=False),
        sa.Column("logged_at", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("member_id", sa.String(255)),
        sa.Column("scenario", NAME, nullable=False),
        sa.Column("variant", NAME, nullable=False),
        sa.Column("release_id", ID, nullable=False),
        sa.Column("fallback", ID),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("process_id", ID, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "recommendation_id", name="pk_recommendation_log"),
    )
    op.create_index("ix_recommendation_log_shop_logged_at", "recommendation_log", ["shop", "logged_at"])
    op.create_index("ix_recommendation_log_shop_process_id", "recommendation_log", ["shop", "process_id"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("shop", SHOP, nullable=False),
        sa.Column("audit_id", ID, nullable=False),
        sa.Column("what", NAME, nullable=False),
        sa.Column("who", NAME, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "audit_id", name="pk_audit"),
    )
    op.create_index("ix_audit_shop_at", "audit", ["shop", "at"])
