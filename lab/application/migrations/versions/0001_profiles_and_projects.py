# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles and projects, and the account that smoke tests log in with.

Release-Phase: expand
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from samokoder.security import hash_password

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEST_EMAIL = "test@example.com"
TEST_PASSWORD = "test123"


def upgrade() -> None:
    """Create both tables."""
    profiles = op.create_table(
        "profiles",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("owner_id", sa.BigInteger, sa.ForeignKey("profiles.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("idempotency_key", sa.Text, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("owner_id", "idempotency_key"),
    )
    op.create_index("projects_of_owner", "projects", ["owner_id", sa.text("id DESC")])
    op.bulk_insert(profiles, [{"email": TEST_EMAIL, "password_hash": hash_password(TEST_PASSWORD)}])


def downgrade() -> None:
    """Drop both tables and every row in them."""
    op.drop_table("projects")
    op.drop_table("profiles")
