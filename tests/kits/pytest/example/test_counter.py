"""The counter, through every client that the plugin knows."""

import json
import re
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from pytest_sessionid import ClockJar, Refused, SessionServer


class Urllib:
    def __init__(self, server, clock):
        self.server, self.jar = server, ClockJar(clock)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def text(self, path, script=None):
        body = None if script is None else json.dumps(script).encode()
        with self.opener.open(self.server.url + path, data=body) as response:
            return response.read().decode()


class Requests:
    def __init__(self, server, session):
        self.server, self.session, self.jar = server, session, session.cookies

    def text(self, path, script=None):
        url = self.server.url + path
        response = self.session.get(url) if script is None else self.session.post(url, json=script)
        return response.text


class Httpx:
    def __init__(self, client):
        self.client, self.jar = client, client.cookies.jar

    def text(self, path, script=None):
        return (self.client.get(path) if script is None else self.client.post(path, json=script)).text


@pytest.fixture(params=["urllib", "requests", "httpx"])
def browser(request, session_server, clock):
    if request.param == "urllib":
        return Urllib(session_server, clock)
    if request.param == "requests":
        return Requests(session_server, request.getfixturevalue("requests_session"))
    return Httpx(request.getfixturevalue("httpx_client"))


def counter(browser, path="/hello/world"):
    return int(re.search(r"Counter : <b>(\d+)</b>", browser.text(path))[1])


def sessionid(browser):
    browser.jar.clear_expired_cookies()
    return next((cookie.value for cookie in browser.jar if cookie.name == "sessionid"), None)


def test_it_counts(browser):
    assert [counter(browser) for _ in range(3)] == [0, 1, 2]


def test_it_survives_a_second_less_than_its_age(session_server, clock, browser):
    counter(browser)
    clock.advance(session_server.age - 1)
    assert counter(browser) == 1


def test_it_is_gone_a_second_after_its_age_under_another_id(session_server, clock, browser):
    counter(browser)
    before = sessionid(browser)
    clock.advance(session_server.age + 1)
    assert sessionid(browser) is None, "the client has forgotten the cookie"
    assert counter(browser) == 0
    assert sessionid(browser) not in (None, before)


def test_the_server_ends_it_though_the_cookie_is_still_sent(session_server, clock, browser):
    counter(browser)
    key = sessionid(browser)
    clock.advance(session_server.age + 1)
    request = urllib.request.Request(session_server.url + "/hello/world2", headers={"Cookie": f"sessionid={key}"})
    with urllib.request.urlopen(request) as response:
        assert "Counter : <b>0</b>" in response.read().decode()
        assert 'sessionid=""' in response.headers["Set-Cookie"]


def test_a_session_of_the_browsers_has_no_end(session_server, clock, browser):
    browser.text("/script", [["set", "counter", 5], ["set_expiry", 0]])
    assert [cookie.expires for cookie in browser.jar] == [None]
    clock.advance(session_server.age - 1)
    assert counter(browser) == 5
    browser.jar.forget_session()
    assert counter(browser) == 0


def test_any_state_is_a_fixture(session_server, clock, browser):
    counter(browser)
    key = sessionid(browser)
    session_server.sessions.put(key, {"counter": 41}, expire_in=10)
    assert counter(browser, "/hello/world2") == 41
    clock.advance(11)
    assert session_server.sessions[key]["live"] is False
    assert session_server.sessions.clear_expired() == 1
    assert list(session_server.sessions) == []


def test_a_clock_that_was_set_back_keeps_its_cookies(clock, browser):
    clock.set(clock.now().replace(year=2001))
    assert [counter(browser), counter(browser)] == [0, 1]


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_finds_the_clock_and_the_sessions_as_the_first_did(session_server, clock, time):
    assert list(session_server.sessions) == []
    assert clock.now() == clock.now(), "it stands"
    assert abs(clock.now() - datetime.now(timezone.utc)) < timedelta(minutes=1)
    session_server.sessions.put("left-by-another-test", {})
    clock.advance(3600)
    clock.run()


def test_what_is_refused_says_what_is_allowed(clock):
    with pytest.raises(Refused, match="to go back"):
        clock.advance(-1)
    with pytest.raises(RuntimeError, match="allowed is db"):
        SessionServer("--engine", "redis")
