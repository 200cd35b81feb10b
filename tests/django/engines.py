"""The engines that a real Django and this server share, each by its own class in `ENGINES`.

An engine says how both sides are set up, and what is stored, seen past both; the rest of the tests knows no engine.
With a class here `differential.py --engine NAME` and `engines_test.py` run on it.
"""

import json
import os
import pickle
import re
import socket
import subprocess
import time
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import unquote

from payload import SALT, is_signed_with, json_text, signed
from random_scripts import EXPIRY_KEY, PLANTED
from servers import DjangoServer
from shared import SECRET_KEY, Database, new_database

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
    # Whether what it keeps is signed; else what is told of it is signed anew each time.
    signs = True
    # Groups of settings under which Django fails.
    impossible = frozenset()
    # The group of settings that requests are made for.
    group = None

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


class CacheServer:
    """A server of a cache, on a port of its own and gone with its folder."""

    def __init__(self, folder, *command):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [argument.format(port=self.port) for argument in command]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{command[0]} does not start")

    def close(self):
        self.process.kill()
        self.process.wait()


REDIS = ["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
MEMCACHED = ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", "{port}"]


class Cache(Engine):
    """Django's `cache` engine on a server of its own; each cache says how its values are reached."""

    prefix = ":1:django.contrib.sessions.cache"
    signs = False
    def settings(self):
        return {"SESSION_ENGINE": f"{BACKENDS}.cache", "CACHES": self.url}

    def rows(self):
        return {key: (unpickled(value), end) for key, (value, end) in self.values().items()}

    def values(self):
        """The bytes and the end under each session's key."""
        raise NotImplementedError

    def store(self, key, value, seconds):
        raise NotImplementedError

    @staticmethod
    def date_of(seconds):
        """An end that the cache has rounded, and that so is never one of the exact dates of a script."""
        return datetime.fromtimestamp(seconds + 0.0005, timezone.utc).replace(tzinfo=None).isoformat(" ")

    def put(self, key, payload):
        # A session is a pickled dict here. What nobody could read would be no session to Django, and is an error to us.
        if is_signed_with(payload, SECRET_KEY):
            self.store(key, pickle.dumps(json.loads(json_text(payload)), pickle.HIGHEST_PROTOCOL), 300_000_000)

    def expire(self, key):
        self.delete(key)

    def last_until(self, key, date):
        if key in (values := self.values()):
            until = datetime.fromisoformat(date).replace(tzinfo=timezone.utc).timestamp()
            self.store(key, values[key][0], int(until - time.time()))

    def adapt(self, request):
        kind, whose, argument = request.tampering or (None, None, None)
        if kind == "forge":
            request = replace(request, tampering=("delete", whose, None))
        if kind == "store" and argument % 3:
            # Nobody signs here, so that there are no older keys.
            request = replace(request, tampering=(kind, whose, argument - argument % 3))
        operations = [operation for operation in request.operations if operation not in UNUSABLE]
        # What has ended when it is stored is not stored. Django then misses it where it has just given it another key, and
        # answers 400.
        if self.group == "no age" or any(map(ends_at_once, operations)):
            operations = [operation for operation in operations if operation != ["cycle_key"]]
        return replace(request, operations=tuple(operations))


def ends_at_once(operation):
    ends = [-10, "1999-12-31T23:59:59.999999+00:00", {"seconds": -5_000}]
    return operation in [["set_expiry", end] for end in ends] + [["set", EXPIRY_KEY, -10]]


def unpickled(value):
    """A pickle as the signed text of a row: what it holds, and in which order."""
    try:
        return signed(pickle.loads(value), SECRET_KEY)
    except Exception as error:
        return f"no pickle ({error}): {value!r}"


class RedisCache(Cache):
    name = "redis"
    planted = PLANTED
    tolerance = 0.1

    def __enter__(self):
        import redis

        super().__enter__()
        server = CacheServer(self.folder, *REDIS)
        self.stack.callback(server.close)
        self.url = f"redis://127.0.0.1:{server.port}/1"
        self.client = redis.Redis.from_url(self.url)
        self.stack.callback(self.client.close)
        return self

    def values(self):
        found = {}
        for key in self.client.scan_iter(f"{self.prefix}*"):
            pipeline = self.client.pipeline()
            value, end = pipeline.get(key).pexpiretime(key).execute()
            if value is not None:
                found[key.decode().removeprefix(self.prefix)] = value, self.date_of(end / 1000)
        return found

    def clear(self):
        self.client.flushdb()

    def store(self, key, value, seconds):
        self.client.set(f"{self.prefix}{key}", value, ex=seconds)

    def delete(self, key):
        self.client.delete(f"{self.prefix}{key}")


class MemcachedCache(Cache):
    name = "memcached"
    # Its clock has whole seconds, and begins with them when it starts.
    tolerance = 2.5

    # Cookies with a key that memcached cannot have. Django fails where that is to be deleted.
    ODD_COOKIES = {"unknown and long", "with more behind"}
    # What is later than memcached's last date, in 2038.
    impossible = frozenset({"a hundred years"})
    TOO_LATE = ["9999-12-31T23:59:59.999999+00:00"]

    def __enter__(self):
        super().__enter__()
        server = CacheServer(self.folder, *MEMCACHED)
        self.stack.callback(server.close)
        self.url = f"memcached://127.0.0.1:{server.port}"
        self.socket = socket.create_connection(("127.0.0.1", server.port), 10)
        self.stack.callback(self.socket.close)
        self.answer = self.stack.enter_context(self.socket.makefile("rb"))
        return self

    def say(self, command):
        """The first line of the answer to a command, in words."""
        self.socket.sendall(command)
        return self.answer.readline().split()

    def ends(self):
        """When each session ends, by its key."""
        # The crawler of the hash table sees every item, be it as new as can be.
        line = self.say(b"lru_crawler metadump hash\r\n")
        while line != [b"END"]:
            if line[0] == b"BUSY":
                time.sleep(0.01)
                self.socket.sendall(b"lru_crawler metadump hash\r\n")
            else:
                key, end = (unquote(field.decode().partition("=")[2]) for field in line[:2])
                if key.startswith(self.prefix):
                    yield key.removeprefix(self.prefix), int(end)
            line = self.answer.readline().split()

    def values(self):
        found = {}
        for key, end in list(self.ends()):
            status, *about = self.say(f"mg {self.prefix}{key} f c v\r\n".encode())
            if status == b"VA":
                size, flags, number = about
                assert flags == b"f1", "a pickle to Django"
                # Two saves in one second end in one second; the number of the save tells them apart.
                end = self.date_of(end + int(number[1:]) % 10**6 / 10**6)
                found[key] = self.answer.read(int(size) + 2)[:-2], end
        return found

    def clear(self):
        assert self.say(b"flush_all\r\n") == [b"OK"]

    def store(self, key, value, seconds):
        if seconds > 30 * 24 * 60 * 60:
            seconds += int(time.time())
        command = f"set {self.prefix}{key} 1 {seconds} {len(value)}\r\n".encode()
        assert self.say(command + value + b"\r\n") == [b"STORED"]

    def delete(self, key):
        self.say(f"delete {self.prefix}{key}\r\n".encode())

    def adapt(self, request):
        request = super().adapt(request)
        if request.cookie[0] in self.ODD_COOKIES:
            request = replace(request, cookie=("unknown", request.cookie[1]))
        late = [["set_expiry", moment] for moment in self.TOO_LATE]
        return replace(request, operations=tuple(op for op in request.operations if op not in late))


class CachedDb(Db):
    """Rows, and copies in a Redis. What somebody else does to a session he does to both."""

    name = "cached_db"

    def __enter__(self):
        super().__enter__()
        self.copies = self.stack.enter_context(RedisCache(self.folder))
        self.copies.prefix = ":1:django.contrib.sessions.cached_db"
        return self

    def environment(self, **settings):
        return {**super().environment(**settings), "SESSION_ENGINE": f"{BACKENDS}.cached_db", "CACHES": self.copies.url}

    def clear(self):
        super().clear()
        self.copies.clear()

    def delete(self, key):
        super().delete(key)
        self.copies.delete(key)

    def update(self, column, key, value):
        super().update(column, key, value)
        self.copies.delete(key)


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


ENGINES = {engine.name: engine for engine in [Db, File, SignedCookies, RedisCache, MemcachedCache, CachedDb]}
