"""Fixtures for tests of session expiry: a server, its clock, and clients that forget cookies by that clock.

    def test_a_session_ends(session_server, clock, requests_session):
        requests_session.get(session_server.url + "/hello/world")
        clock.advance(session_server.age)
        assert not requests_session.cookies

The server is `manage testserver`: the program that $SESSIONID_MANAGE names, else `manage` in $PATH. Its options are those of
`sessionid_options` in pytest's ini file, such as `sessionid_options = --age 30`.
"""

import http.client
import json
import os
import shlex
import shutil
import subprocess
from datetime import datetime, timezone
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote, urlsplit

import pytest

DEFAULT_AGE = 1209600


class Refused(Exception):
    """The server's answer to a request that cannot be done: it says what is allowed."""


class SessionServer:
    """A running `manage testserver`. Leaving the `with` block ends it."""

    def __init__(self, *options, manage=None):
        manage = manage or os.environ.get("SESSIONID_MANAGE") or shutil.which("manage")
        if not manage:
            raise FileNotFoundError("no `manage`: set SESSIONID_MANAGE to the path of the program")
        # The server ends when its standard input is closed, and so with this process, however that ends.
        self.process = subprocess.Popen(
            [manage, "testserver", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"RUST_LOG": "off", **os.environ},
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1].strip())
        ready = json.loads(line)
        self.url, self.pid, self.database = ready["url"], ready["pid"], ready["database"]
        self.clock = Clock(self, urlsplit(ready["clock"]).path)
        self.sessions = Sessions(self, urlsplit(ready["clock"]).path + "/sessions")
        self.age = int(next((after for option, after in zip(options, options[1:]) if option == "--age"), DEFAULT_AGE))

    def request(self, method, path, body=None):
        """The JSON of an answer."""
        # A connection each: the server closes those that a slow test leaves idle.
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise Refused(f"{response.status}: {content.decode()}")
        return json.loads(content) if content else None

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Clock:
    """The server's clock."""

    def __init__(self, server, path):
        self._server, self._path = server, path

    def _turn(self, **motion):
        return datetime.fromisoformat(self._server.request("POST", self._path, motion)["now"].replace("Z", "+00:00"))

    def now(self):
        """The server's time, an aware `datetime`."""
        return datetime.fromisoformat(self._server.request("GET", self._path)["now"].replace("Z", "+00:00"))

    def timestamp(self):
        return self.now().timestamp()

    def advance(self, seconds):
        return self._turn(advance=seconds)

    def set(self, moment):
        """To an aware `datetime`, forward or back."""
        return self._turn(set=moment.astimezone(timezone.utc).isoformat())

    def freeze(self):
        return self._turn(freeze=True)

    def run(self):
        return self._turn(freeze=False)

    def reset(self):
        """Back to the system's time, running."""
        return self._turn(reset=True)


class Sessions:
    """What the server has stored, by key: `{"key", "expire_date", "live", "data"}`."""

    def __init__(self, server, path):
        self._server, self._path = server, path

    def _one(self, key):
        return f"{self._path}/{quote(key, safe='')}"

    def __iter__(self):
        return iter(self._server.request("GET", self._path))

    def __getitem__(self, key):
        try:
            return self._server.request("GET", self._one(key))
        except Refused as refused:
            raise KeyError(key) from refused

    def put(self, key, data, expire_in=None):
        """Stores a session in the place of whatever is there; it ends after SESSION_COOKIE_AGE unless you say otherwise."""
        return self._server.request("PUT", self._one(key), {"data": data, "expire_in": expire_in})

    def delete(self, key):
        self._server.request("DELETE", self._one(key))

    def clear(self):
        self._server.request("DELETE", self._path)

    def clear_expired(self):
        """Django's `clearsessions`, by the server's clock; tells how many there were."""
        return self._server.request("POST", self._path.removesuffix("sessions") + "clearsessions")["deleted"]


class ByTheClock:
    """Makes a `CookieJar` expire by a clock. The standard library's reads the system's time into `_now` before each step."""

    def __init__(self, clock):
        self.clock = clock
        super().__init__(policy=_Policy(clock))

    @property
    def _now(self):
        return self._moment

    @_now.setter
    def _now(self, _):
        self._moment = int(self.clock.timestamp())

    def clear_expired_cookies(self):
        now = self.clock.timestamp()
        for cookie in [cookie for cookie in self if cookie.is_expired(now)]:
            self.clear(cookie.domain, cookie.path, cookie.name)

    def forget_session(self):
        """What closing the browser does."""
        self.clear_session_cookies()

    def __bool__(self):
        self.clear_expired_cookies()
        return len(self) > 0


class _Policy(DefaultCookiePolicy):
    def __init__(self, clock):
        self.clock = clock
        super().__init__()

    @property
    def _now(self):
        return int(self.clock.timestamp())

    @_now.setter
    def _now(self, _):
        pass


class ClockJar(ByTheClock, CookieJar):
    """For `urllib.request.HTTPCookieProcessor`, and what else takes a `CookieJar`."""


def requests_session_by(clock):
    """A `requests.Session` that forgets cookies by this clock."""
    import requests
    from requests.cookies import RequestsCookieJar, merge_cookies

    class Jar(ByTheClock, RequestsCookieJar):
        def copy(self):
            copy = Jar(self.clock)
            copy.update(self)
            return copy

        def get(self, name, *arguments, **options):
            self.clear_expired_cookies()
            return super().get(name, *arguments, **options)

    class Session(requests.Session):
        def prepare_request(self, request):
            prepared = super().prepare_request(request)
            # Requests has copied the cookies into a jar that goes by the system's time.
            if "Cookie" not in (request.headers or {}):
                prepared.headers.pop("Cookie", None)
                prepared.prepare_cookies(merge_cookies(self.cookies.copy(), request.cookies or {}))
            return prepared

    session = Session()
    session.cookies = Jar(clock)
    return session


def httpx_client_by(clock, **options):
    """An `httpx.Client` that forgets cookies by this clock."""
    import httpx

    def send_live_cookies(request):
        request.headers.pop("Cookie", None)
        client.cookies.set_cookie_header(request)

    client = httpx.Client(cookies=ClockJar(clock), event_hooks={"request": [send_live_cookies]}, **options)
    return client


def pytest_addoption(parser):
    parser.addini("sessionid_options", "options of `manage testserver`, such as --age 30", default="")


@pytest.fixture(scope="session")
def session_server(request):
    """One server for all tests."""
    with SessionServer(*shlex.split(request.config.getini("sessionid_options"))) as server:
        yield server


@pytest.fixture
def clock(session_server):
    """The server's clock, which stands at the system's time; there are no sessions yet."""
    session_server.clock._turn(reset=True, freeze=True)
    session_server.sessions.clear()
    return session_server.clock


@pytest.fixture
def requests_session(clock):
    with requests_session_by(clock) as session:
        yield session


@pytest.fixture
def httpx_client(session_server, clock):
    with httpx_client_by(clock, base_url=session_server.url) as client:
        yield client
