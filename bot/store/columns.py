"""What the tables are made of: names of keys, instants in UTC, references, indexes of the few rows that are due."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    TypeDecorator,
    text,
)
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# Telegram's ids pass 32 bits; SQLite's INTEGER is 64 bits wide already and must be named so to be a row id.
BIG = BigInteger().with_variant(Integer, "sqlite")


AnyRow = Row[*tuple[Any, ...]]
"""A row whose columns are read by name."""


class Utc(TypeDecorator[datetime]):
    """An instant. Refuses a datetime without zone on the way in and gives UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant as UTC; ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time needs a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The instant as UTC: SQLite hands back naive values."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def of_clinic() -> Column[int]:
    """The clinic a row belongs to."""
    return Column("clinic_id", Integer, ForeignKey("clinic.id"), nullable=False)


def ref(name: str, table: str, nullable: bool = False) -> Column[Any]:
    """A reference to another table\'s row."""
    return Column(name, ForeignKey(f"{table}.id"), nullable=nullable)


def index_where(name: str, column: str, condition: str) -> Index:
    """An index of the few rows that a tick looks for, so that a tick costs the same with a million rows."""
    # The condition for PostgreSQL stands in the migrations alone: here it would load that whole dialect at every start.
    return Index(name, column, sqlite_where=text(condition))
