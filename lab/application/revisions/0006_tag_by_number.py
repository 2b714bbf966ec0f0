# SPDX-License-Identifier: GPL-3.0-or-later
"""A first tag for every project: its number, which its name is taken to be. It is not, as real rows show."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fill the column in one statement."""
    op.execute("UPDATE projects SET tags = ARRAY[name::integer::text] WHERE tags IS NULL")


def downgrade() -> None:
    """Take the tags away again."""
    op.execute("UPDATE projects SET tags = NULL")
