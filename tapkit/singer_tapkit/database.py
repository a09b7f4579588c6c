"""Databases by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine


class DatabaseError(Exception):
    """A database cannot be reached by an address; the text says what to do, and not the address."""


def address_of(url: str) -> URL:
    """Read an address; ``postgresql://`` is reached by psycopg.

    Raises:
        DatabaseError: If it is none.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        msg = "not the address of a database. Write sqlite:///file.db or postgresql://..."
        raise DatabaseError(msg) from None
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite" and not address.database:
        msg = "name a file, as sqlite:///file.db"
        raise DatabaseError(msg)
    return address


def engine_of(url: str) -> Engine:
    """Return what opens connections to a database.

    Raises:
        DatabaseError: If the address is none, or nothing that is installed can reach it.
    """
    address = address_of(url)
    try:
        return create_engine(address, pool_pre_ping=True)
    except NoSuchModuleError:
        msg = f"there is no way to {address.get_backend_name()} databases"
        raise DatabaseError(msg) from None
    except ModuleNotFoundError as error:
        msg = f"{address.get_backend_name()} needs the package {error.name}. Install it"
        raise DatabaseError(msg) from None
