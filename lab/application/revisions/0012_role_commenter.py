# SPDX-License-Identifier: GPL-3.0-or-later
"""One more role. It asks nothing of older code until a row has it: then that code cannot read the row.

Release-Phase: expand
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.execute("ALTER TYPE share_role ADD VALUE IF NOT EXISTS 'commenter'")


def downgrade() -> None:
    """Leave it: PostgreSQL takes no value out of a type, and one that no row has does no harm."""
