"""The expiry of one's own Django: time-machine sets the time in its process, and the test server's clock goes with it.

Both use one database and one SECRET_KEY, so the test server shows what Django has stored, and reads it as another service of
the same site would.
"""

import os
import re
import tempfile
import urllib.request

import pytest
import time_machine
from pytest_sessionid import ClockJar, SessionServer

# The tests need a file that both processes open: Django's test runner would make a database in memory.
folder = tempfile.TemporaryDirectory()
os.environ["DATABASE"] = f"{folder.name}/shop.sqlite3"

import shop  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402


@pytest.fixture(scope="module")
def server():
    call_command("migrate", verbosity=0)
    options = ["--age", str(shop.AGE), "--set", f"SECRET_KEY={shop.SECRET_KEY}"]
    with SessionServer("--database", f"sqlite://{os.environ['DATABASE']}", "--write", *options) as server:
        yield server
    connection.close()


@pytest.fixture
def time(server):
    """One time for both processes."""

    class Time:
        def advance(self, seconds):
            travel.move_to(server.clock.advance(seconds))

    server.clock.reset()
    server.clock.freeze()
    server.sessions.clear()
    with time_machine.travel(server.clock.now(), tick=False) as travel:
        yield Time()


def counter_here(server, key):
    """The counter as a service that shares the table reads it."""
    request = urllib.request.Request(f"{server.url}/hello/world2", headers={"Cookie": f"sessionid={key}"})
    with urllib.request.urlopen(request) as response:
        return int(re.search(r"<b>(\d+)</b>", response.read().decode())[1])


def test_a_visitor_survives_a_second_less_than_the_age(server, time):
    visitor = Client()
    assert visitor.get("/visits").content == b"1"
    time.advance(shop.AGE - 1)
    assert counter_here(server, visitor.cookies["sessionid"].value) == 1
    assert visitor.get("/visits").content == b"2"


def test_a_visitor_is_gone_a_second_after_it_on_both_sides(server, time):
    visitor = Client()
    visitor.get("/visits")
    key = visitor.cookies["sessionid"].value
    time.advance(shop.AGE + 1)
    assert server.sessions[key]["live"] is False
    assert counter_here(server, key) == 0
    # Django's test client sends the cookie for ever: that the session is gone is the row's doing.
    assert visitor.cookies["sessionid"].value == key
    assert visitor.get("/visits").content == b"1"
    assert visitor.cookies["sessionid"].value != key


def test_the_cookies_end_is_what_a_browser_would_see(server, time):
    answer = Client().get("/visits")
    cookie = answer.cookies["sessionid"]
    assert cookie["max-age"] == shop.AGE
    jar = ClockJar(server.clock)
    request = urllib.request.Request(f"{server.url}/visits")
    jar.extract_cookies(FromDjango(answer), request)
    assert [kept.value for kept in jar] == [cookie.value]
    time.advance(shop.AGE)
    jar.clear_expired_cookies()
    assert list(jar) == []


class FromDjango:
    """Django's response, as `http.cookiejar` reads one."""

    def __init__(self, answer):
        from email.message import Message

        self.headers = Message()
        for cookie in answer.cookies.values():
            self.headers["Set-Cookie"] = cookie.OutputString()

    def info(self):
        return self.headers


def test_a_state_is_put_without_a_view(server, time):
    key = "a-visitor-with-forty-one-visits"
    server.sessions.put(key, {"counter": 41}, expire_in=10)
    visitor = Client()
    visitor.cookies["sessionid"] = key
    assert visitor.get("/visits").content == b"42"
    assert server.sessions[key]["data"] == {"counter": 42}


def test_clearsessions_in_django_deletes_what_the_server_shows_as_expired(server, time):
    Client().get("/visits")
    time.advance(shop.AGE + 1)
    Client().get("/visits")
    assert sorted(session["live"] for session in server.sessions) == [False, True]
    call_command("clearsessions")
    assert [session["live"] for session in server.sessions] == [True]
