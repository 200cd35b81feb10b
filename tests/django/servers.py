"""The two servers of the tests, as child processes, and the small HTTP client that talks to them.

Both read the same environment, so that a test configures a pair of them once:

    environment = {"DATABASE_URL": "sqlite:///tmp/db.sqlite3", "SECRET_KEY": "secret"}
    DjangoServer(environment).manage("migrate")
    with DjangoServer(environment) as django, RustServer(environment) as rust:
        django.get("/hello/world").set_cookie("sessionid")
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

START_SECONDS = 30
STOP_SECONDS = 10
ANSWER_SECONDS = 30
COMMAND_SECONDS = 60


class Server:
    """A site with Django's commands. As a context manager it serves on a port of its own and is gone afterwards."""

    name: str
    serve: list[str]  # the arguments that make it serve on a free port

    def __init__(self, environment):
        self.environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment}

    def program(self):
        raise NotImplementedError

    def manage(self, *arguments):
        """Runs one command to its end and returns what it printed; a command that fails is an error."""
        done = subprocess.run(
            [*self.program(), *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        if done.returncode != 0:
            raise ServerError(f"{self.name}: {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*self.program(), *self.serve],
            cwd=REPOSITORY,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        try:
            self.port = self.wait_for_port()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def wait_for_port(self):
        """The port from the banner, once the server answers there."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            banner = re.search(r"http://127\.0\.0\.1:(\d+)", self.printed())
            if banner and self.answers(int(banner[1])):
                return int(banner[1])
            time.sleep(0.02)
        raise ServerError(f"{self.name} does not answer:\n{self.printed()}")

    def answers(self, port):
        try:
            exchange(port, "HEAD", "/hello/plain")
        except OSError:
            return False
        return True

    def printed(self):
        """All that the server has printed since its start."""
        # The child writes through the same file offset, so read without moving it.
        return os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0).decode(errors="replace")

    def get(self, path, key=None):
        return self.request("GET", path, key)

    def script(self, *operations, key=None):
        """Runs operations on the session; `manage` does not know this view."""
        return self.request("POST", "/script", key, json.dumps(operations))

    def request(self, method, path, key=None, body=None):
        headers = {"Connection": "close"}
        if key is not None:
            cookie_name = self.environment.get("SESSION_COOKIE_NAME", "sessionid")
            headers["Cookie"] = f"{cookie_name}={key}"
        return exchange(self.port, method, path, body, headers)


class DjangoServer(Server):
    name = "Django"
    serve = ["runserver", "127.0.0.1:0", "--noreload"]

    def program(self):
        return [sys.executable, str(HERE / "project.py")]


class RustServer(Server):
    name = "Rust"
    serve = ["runserver", "127.0.0.1:0"]

    def program(self):
        return [built("SESSIONID_MANAGE", "`manage` binary")]


class RustScriptServer(Server):
    """Rust with the view of `script`; it migrates when it starts, and has no commands."""

    name = "Rust"
    serve = ["0"]

    def program(self):
        return [built("SESSIONID_SCRIPT", "example `script`")]


def built(variable, what):
    """The path of a program that the environment names."""
    program = os.environ.get(variable, "")
    if not os.access(program, os.X_OK):
        raise ServerError(f"{variable} must name the built {what}, not {program!r}")
    return os.path.abspath(program)


class ServerError(Exception):
    """A server, or a command of it, did not do what every test needs."""


def exchange(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Response(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


class Response:
    """A status, the headers as a list of pairs in the order of the wire, and the body's bytes."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def values(self, header):
        """Every value of a header, as it was sent."""
        return [value for name, value in self.headers if name.lower() == header.lower()]

    def json(self):
        return json.loads(self.body)

    def counter(self):
        """The number on the seed's page."""
        return int(re.search(rb"Counter : <b>(-?\d+)</b>", self.body)[1])

    def set_cookie(self):
        """The only Set-Cookie of the response, or None."""
        cookies = [SetCookie(value) for value in self.values("Set-Cookie")]
        assert len(cookies) <= 1, cookies
        return cookies[0] if cookies else None

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]}"


class SetCookie:
    """A Set-Cookie header: name, value, and the attributes as pairs in the order of the wire."""

    def __init__(self, text):
        self.text = text
        (self.name, self.value), *self.attributes = [
            tuple(part.split("=", 1)) if "=" in part else (part, None) for part in text.split("; ")
        ]

    def __getitem__(self, attribute):
        return dict(self.attributes).get(attribute)

    def __repr__(self):
        return self.text
