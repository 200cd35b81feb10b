"""A thousand tests, each with a clock and sessions of its own: `pytest -q test_thousand.py` tells how long they take."""

import pytest


@pytest.mark.parametrize("number", range(1000))
def test_a_session_ends(session_server, clock, number):
    key = f"visitor-{number}"
    session_server.sessions.put(key, {"number": number})
    clock.advance(session_server.age - 1)
    assert session_server.sessions[key]["live"]
    clock.advance(2)
    assert not session_server.sessions[key]["live"]
