# SPDX-License-Identifier: GPL-3.0-or-later
"""A first tag for every project: the first word of its name."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fill the column in one statement, which takes its time."""
    op.execute("UPDATE projects SET tags = ARRAY[split_part(name, ' ', 1)] WHERE tags IS NULL")


def downgrade() -> None:
    """Refuse: which tags were there before is not known any more."""
    raise RuntimeError("which tags users have set themselves is not known any more")
