# SPDX-License-Identifier: GPL-3.0-or-later
"""Nicknames for profiles."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be null."""
    op.execute("ALTER TABLE profiles ADD COLUMN nickname text")


def downgrade() -> None:
    """Drop it, with what it holds."""
    op.drop_column("profiles", "nickname")
