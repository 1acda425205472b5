"""Tables of the bar store, the same on SQLite and PostgreSQL, as the migrations leave them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSIONS = ("0001",)
"""Every migration, oldest first; a test holds them against the scripts."""
HEAD = VERSIONS[-1]
"""The schema of this program."""
VERSION_TABLE = "kis_terminal_version"
"""Not alembic's own name: a PostgreSQL database may be shared with programs that use that one."""

METADATA = MetaData()

SERIES = Table(
    "ohlcv_series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("realm", String(40), nullable=False),
    Column("product", String(16), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("interval", String(8), nullable=False),
    Column("is_adjusted", Boolean, nullable=False),
    Column("exchange", String(16), nullable=False),
    Column("updated", BigInteger, nullable=False),
    UniqueConstraint("realm", "product", "symbol", "interval", "is_adjusted", "exchange"),
)
"""One row a series; whoever writes holds this row. `realm` keeps made-up prices apart from real ones."""

CACHE = Table(
    "ohlcv_cache",
    METADATA,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("bars", Integer, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Packed bars, see bar_packing."""

COVERAGE = Table(
    "ohlcv_coverage",
    METADATA,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("span_start", BigInteger, primary_key=True, autoincrement=False),
    Column("span_end", BigInteger, nullable=False),
)
"""Covered spans in wall seconds, joined."""

SYMBOLS = Table(
    "symbols",
    METADATA,
    Column("realm", String(40), primary_key=True),
    Column("symbol", String(32), primary_key=True),
    Column("day", Date, nullable=False),
    Column("name", Text, nullable=False),
    Column("market", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("standard_code", String(32), nullable=False),
    Column("base_price", String(32)),
    Column("is_halted", Boolean, nullable=False),
    Column("is_liquidation", Boolean, nullable=False),
)
"""The newest master that was kept; all rows are of one day."""

NOTES = Table(
    "corporate_notes",
    METADATA,
    Column("realm", String(40), primary_key=True),
    Column("symbol", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("factor", Float(53), nullable=False),
    Column("text", Text, nullable=False),
)
