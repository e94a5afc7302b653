"""wrong codes count against the codes that are out, so that they cannot be guessed"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link_code", sa.Column("wrong_codes", sa.Integer(), nullable=False, server_default="0"))
