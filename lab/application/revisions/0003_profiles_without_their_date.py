# SPDX-License-Identifier: GPL-3.0-or-later
"""When a profile was made: nothing has read it since 1.0.0, so it goes when no slot runs older code."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the column, with what it holds."""
    op.drop_column("profiles", "created_at")


def downgrade() -> None:
    """Have the column again; when older profiles were made is lost."""
    op.execute("ALTER TABLE profiles ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()")
