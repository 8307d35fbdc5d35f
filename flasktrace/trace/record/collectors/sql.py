"""Tells of the queries that are sent with SQLAlchemy, or with ``sqlite3``."""

from collections.abc import Callable

from flasktrace.trace.record.collectors import sqlalchemy, sqlite
from flasktrace.trace.record.collectors.awaited import when_imported


class Sql:
    """The collector ``sql``."""

    name = "sql"

    def install(self) -> Callable[[], None]:
        """Watch both libraries from when the app has imported them."""
        ends = (
            when_imported("sqlalchemy", sqlalchemy.listen),
            when_imported("sqlite3", sqlite.replace_connect),
        )

        def uninstall() -> None:
            for end in ends:
                end()

        return uninstall
