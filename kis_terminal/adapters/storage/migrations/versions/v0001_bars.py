"""Series, packed bars, coverage, symbols, corporate notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first version."""
    op.create_table(
        "ohlcv_series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("realm", sa.String(40), nullable=False),
        sa.Column("product", sa.String(16), nullable=False),
        sa.Column("symbol", sa.String(32), nullable=False),
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("is_adjusted", sa.Boolean, nullable=False),
        sa.Column("exchange", sa.String(16), nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("realm", "product", "symbol", "interval", "is_adjusted", "exchange"),
    )
    op.create_table(
        "ohlcv_cache",
        sa.Column("series_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("chunk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bars", sa.Integer, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    if op.get_context().dialect.name == "postgresql":
        # Packed columns do not become smaller, and trying costs more than everything else of a write.
        op.execute("ALTER TABLE ohlcv_cache ALTER COLUMN data SET STORAGE EXTERNAL")
    op.create_table(
        "ohlcv_coverage",
        sa.Column("series_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("span_start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("span_end", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "symbols",
        sa.Column("realm", sa.String(40), primary_key=True),
        sa.Column("symbol", sa.String(32), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("market", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("standard_code", sa.String(32), nullable=False),
        sa.Column("base_price", sa.String(32)),
        sa.Column("is_halted", sa.Boolean, nullable=False),
        sa.Column("is_liquidation", sa.Boolean, nullable=False),
    )
    op.create_table(
        "corporate_notes",
        sa.Column("realm", sa.String(40), primary_key=True),
        sa.Column("symbol", sa.String(32), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("factor", sa.Float(53), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Remove everything; only for whoever works on the schema."""
    for table in ("corporate_notes", "symbols", "ohlcv_coverage", "ohlcv_cache", "ohlcv_series"):
        op.drop_table(table)
