"""The engines that a real Django and this server share, each by its own class in `ENGINES`.

An engine says how both sides are set up, and what is stored, seen past both; the rest of the tests knows no engine.
With a class here `differential.py --engine NAME` and `engines_test.py` run on it.
"""

import os
import re
import time
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from payload import SALT
from random_scripts import EXPIRY_KEY, PLANTED
from servers import DjangoServer
from shared import Database, new_database

BACKENDS = "django.contrib.sessions.backends"


class Engine:
    """One place for sessions, in a folder of its own; as a context manager it is there, with what has to run for it."""

    name: str
    # Keys of sessions that are there from the start, under which neither side would make one.
    planted = ["12345678", "keyofadjangoofbefore", "0" * 40]
    # What signs the payloads.
    salt = SALT
    # How many seconds a stored end may lie beside the clock that two servers and a test read one after the other.
    tolerance = 0.001
    # Whether the server keeps sessions that others can look at.
    keeps = True

    def __init__(self, folder):
        self.folder = Path(folder)
        self.cookie_name = "sessionid"

    def __enter__(self):
        self.stack = ExitStack()
        return self

    def __exit__(self, *exception):
        self.stack.close()

    def environment(self, **settings):
        """The environment of either server, with these settings."""
        self.cookie_name = settings.get("SESSION_COOKIE_NAME", "sessionid")
        own = {"SESSION_ENGINE": f"{BACKENDS}.{self.name}", **self.settings()}
        return Database(self.folder).environment(**own, **settings)

    def settings(self):
        """What the engine itself needs, by Django's names."""
        return {}

    def prepare(self):
        """What is done once, before the servers start."""

    def rows(self):
        """What is stored: the payload and the end under each key. An end is a text as `Database.end` has it."""
        raise NotImplementedError

    def clear(self):
        """Nothing is left of any session."""
        raise NotImplementedError

    def put(self, key, payload):
        """Stores a session that lives on for long, whatever was there."""
        raise NotImplementedError

    def replace(self, key, payload):
        """Puts another payload in the place of the one under a key, if there is one."""
        if key in self.rows():
            self.put(key, payload)

    def delete(self, key):
        """Deletes a session, if there is one."""
        raise NotImplementedError

    def expire(self, key):
        """Lets a session have ended in the past, if there is one."""
        raise NotImplementedError

    def last_until(self, key, date):
        """Lets a session last until then, where that can be said of a stored one."""

    def adapt(self, request):
        """The request without what the two sides answer differently on purpose on this engine."""
        return request


class Db(Engine):
    name = "db"
    planted = PLANTED

    def __enter__(self):
        super().__enter__()
        self.database = new_database(self.folder)
        self.connection = self.database.open()
        self.stack.callback(self.connection.close)
        return self

    def environment(self, **settings):
        return self.database.environment(SESSION_ENGINE=f"{BACKENDS}.db", **settings)

    def prepare(self):
        DjangoServer(self.environment()).manage("migrate")

    def rows(self):
        statement = f"SELECT session_key, session_data, {self.database.end} FROM django_session"
        return {key: (payload, end) for key, payload, end in self.connection.execute(statement)}

    def clear(self):
        self.connection.execute("DELETE FROM django_session")

    def put(self, key, payload):
        self.delete(key)
        row = key, payload, "2037-07-07 07:07:07.070707"
        self.connection.execute("INSERT INTO django_session VALUES (?, ?, ?)", row)

    def replace(self, key, payload):
        self.update("session_data", key, payload)

    def delete(self, key):
        self.connection.execute("DELETE FROM django_session WHERE session_key = ?", [key])

    def expire(self, key):
        self.update("expire_date", key, "2020-01-01 00:00:00.000001")

    def last_until(self, key, date):
        self.update("expire_date", key, date)

    def update(self, column, key, value):
        self.connection.execute(f"UPDATE django_session SET {column} = ? WHERE session_key = ?", [value, key])


class File(Engine):
    name = "file"
    # The kernel dates a file by its last tick.
    tolerance = 0.02

    # Cookies under which Django finds a key that no file can have, and fails where that is to be deleted.
    ODD_COOKIES = {
        "in capitals", "eight letters beyond ASCII", "with a bad byte", "with a bad byte before", "percent-encoded",
        "with a quote before", "with a quote behind", "with more behind",
    }  # fmt: skip
    def settings(self):
        return {"SESSION_FILE_PATH": str(self.folder)}

    def file(self, key):
        return self.folder / f"{self.cookie_name}{key}"

    def rows(self):
        found = {}
        for file in self.folder.iterdir():
            if re.fullmatch("[a-z0-9]+", key := file.name.removeprefix(self.cookie_name)) and key != file.name:
                modified = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc).replace(tzinfo=None)
                found[key] = file.read_text("utf-8"), modified.isoformat(" ")
        return found

    def clear(self):
        for file in self.folder.iterdir():
            file.unlink()

    def put(self, key, payload):
        self.file(key).write_text(payload, "utf-8")
        # In another tick of the kernel's clock than a server's next save.
        before = time.time() - 0.5
        os.utime(self.file(key), (before, before))

    def delete(self, key):
        self.file(key).unlink(missing_ok=True)

    def expire(self, key):
        if self.file(key).exists():
            os.utime(self.file(key), (0, 0))

    def adapt(self, request):
        tampering, cookie, operations = request.tampering, request.cookie, request.operations
        if tampering[::2] == ("forge", "beyond ASCII"):
            tampering = ()
        if cookie[0] == "unknown and long":
            cookie = "unknown", cookie[1]
        if cookie[0] in self.ODD_COOKIES:
            deletes = [["flush"], ["cycle_key"]] if ["clear"] in operations else [["flush"]]
            operations = tuple(operation for operation in operations if operation not in deletes)
        operations = tuple(as_expected(operations))
        return replace(request, tampering=tampering, cookie=cookie, operations=operations)


class SignedCookies(Engine):
    """Nothing is kept: a cookie is its session, and tampering changes what a client will send."""

    name = "signed_cookies"
    salt = f"{BACKENDS}.signed_cookies"
    keeps = False

    def rows(self):
        return {}

    def clear(self):
        pass

    def adapt(self, request):
        return replace(request, operations=tuple(as_expected(request.operations)))


# What tells no end. Where the engine does not ask for one, Django stores it and fails on every request from then on.
UNUSABLE = [["set", EXPIRY_KEY, end] for end in ["tomorrow", "", 10**12, -(10**12)]]


def as_expected(operations):
    """A script in which Django does what one expects where a session that is over makes way for another at once.

    Where `pop` is the first to look, Django forgets that it has begun a new session; and it begins one for an error of a
    view that never looked.
    """
    looked = False
    for operation in operations:
        name, *arguments = operation
        if name == "pop" or (name == "status" and arguments[0] >= 500 and not looked):
            yield ["has_key", "a"]
        looked = looked or name != "modified"
        if operation not in UNUSABLE:
            yield operation


ENGINES = {engine.name: engine for engine in [Db, File, SignedCookies]}
