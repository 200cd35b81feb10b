"""What every test here shares: one database, one environment, both servers on it.

The database is a SQLite file, or with TEST_POSTGRES_URL one of that PostgreSQL server (`tests/with-postgresql`).
"""

import itertools
import os
import sqlite3
import sys
import tempfile
import unittest
from contextlib import closing
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

from payload import json_text
from servers import DjangoServer, RustServer

SECRET_KEY = "the key that both sides know"
COOKIE_AGE = 600

# The Set-Cookie that takes a cookie back, under the settings of `Database.environment`.
DELETED = 'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax'


def in_both_orders(tests):
    """Makes two test cases of one class of tests: Django creates the table, or Rust does."""
    for order in permutations([DjangoServer, RustServer]):
        name = f"{tests.__name__}When{order[0].name}MigratesFirst"
        case = type(name, (tests, unittest.TestCase), {"order": order, "__module__": tests.__module__})
        setattr(sys.modules[tests.__module__], name, case)
    return tests


def migrate(server):
    """Creates the table, or accepts the one that the other side has created."""
    return server.manage("migrate", *(["--fake-initial"] if isinstance(server, DjangoServer) else []))


class Row(NamedTuple):
    session_data: str
    expire_date: str


class Database:
    """The SQLite file, seen past both servers."""

    # What begins a transaction whose locks others have to wait for, and a row's end as Django writes it into the file.
    begin = "BEGIN IMMEDIATE"
    end = "expire_date"
    types = ("typeof(session_key), typeof(session_data), typeof(expire_date)", ("text",) * 3)

    def __init__(self, folder):
        self.path = Path(folder) / "db.sqlite3"
        self.url = f"sqlite://{self.path}"

    def environment(self, **settings):
        """The environment of a server on this database."""
        return {
            "DATABASE_URL": self.url,
            "SECRET_KEY": SECRET_KEY,
            "SESSION_COOKIE_AGE": str(COOKIE_AGE),
            "DEBUG": "true",
            **settings,
        }

    def open(self):
        return sqlite3.connect(self.path, isolation_level=None)

    def connect(self):
        return closing(self.open())

    def execute(self, statement, *parameters):
        with self.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    def row(self, key):
        """The columns of a session as the file holds them, or None."""
        statement = f"SELECT session_data, {self.end} FROM django_session WHERE session_key = ?"
        return next((Row(*found) for found in self.execute(statement, key)), None)

    def count(self):
        return self.execute("SELECT count(*) FROM django_session")[0][0]

    def replace_data(self, key, session_data):
        self.execute("UPDATE django_session SET session_data = ? WHERE session_key = ?", session_data, key)

    def expire(self, key):
        """Lets a session have ended in the past, as Django would have written it."""
        statement = "UPDATE django_session SET expire_date = '2020-01-01 00:00:00.000001' WHERE session_key = ?"
        self.execute(statement, key)


class PostgresDatabase(Database):
    """A database of a PostgreSQL server, which is empty at first."""

    begin = "BEGIN"
    # A date on a whole second has no fraction in a SQLite file.
    end = r"regexp_replace(to_char(expire_date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '\.000000$', '')"
    types = (
        "pg_typeof(session_key)::text, pg_typeof(session_data)::text, pg_typeof(expire_date)::text",
        ("character varying", "text", "timestamp with time zone"),
    )
    server = os.environ.get("TEST_POSTGRES_URL")
    numbers = itertools.count()

    def __init__(self):
        self.name = f"django_{os.getpid()}_{next(self.numbers)}"
        self.url = f"{self.server}/{self.name}"
        with closing(PostgresConnection(f"{self.server}/postgres")) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def open(self):
        return PostgresConnection(self.url)

    def execute(self, statement, *parameters):
        with self.connect() as connection:
            done = connection.execute(statement, parameters)
            return done.fetchall() if done.description else []


class PostgresConnection:
    """A connection to PostgreSQL that is used as one to SQLite is."""

    def __init__(self, url):
        import psycopg

        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("SET TIME ZONE 'UTC'")

    def execute(self, statement, parameters=()):
        return self.connection.execute(statement.replace("?", "%s"), parameters or None)

    def close(self):
        self.connection.close()


def new_database(folder):
    """The database of a test, whose file would be in `folder`."""
    return PostgresDatabase() if PostgresDatabase.server else Database(folder)


class BothServers:
    """A fixture for `in_both_orders`: `django` and `rust` serve the same file while the class runs."""

    @classmethod
    def setUpClass(cls):
        cls.database = new_database(cls.enterClassContext(tempfile.TemporaryDirectory()))
        started = {}
        for kind in cls.order:
            migrate(kind(cls.database.environment()))
        for kind in cls.order:
            started[kind] = cls.enterClassContext(kind(cls.database.environment()))
        cls.django, cls.rust = started[DjangoServer], started[RustServer]
        cls.servers = [cls.django, cls.rust]

    def another(self, server, **settings):
        """A second server of the same kind on the same file, with other settings, until the test ends."""
        return self.enterContext(type(server)(self.database.environment(**settings)))

    def session_with(self, *operations):
        """The key of a new session that Django has stored after these operations."""
        return self.django.script(*operations).set_cookie().value

    def stored_json(self, key):
        """The JSON text in the row, character by character."""
        return json_text(self.database.row(key).session_data)

    def decoded(self, key):
        """What Django reads in the row."""
        return self.django.get(f"/session/{key}").json()

    def assert_forgotten(self, key):
        self.assertIsNone(self.database.row(key))

    def assert_unknown(self, server, key):
        """No view of the server adopts the key; a view that looks at the session takes the cookie back."""
        untouched = server.get("/hello/plain", key)
        self.assertEqual((untouched.set_cookie(), untouched.values("Vary")), (None, []))
        read = server.get("/hello/world2", key)
        self.assertEqual((read.set_cookie().text, read.values("Vary")), (DELETED, ["Cookie"]))
        begun = server.get("/hello/world", key)
        self.assertEqual((begun.status, begun.counter()), (200, 0))
        self.assertNotEqual(begun.set_cookie().value, key)
        self.assertEqual(self.decoded(begun.set_cookie().value), {"counter": 1})
