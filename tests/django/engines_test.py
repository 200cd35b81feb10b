"""One session walks between a real Django and this server, on every engine."""

import json
import random
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, permutations

from engines import ENGINES
from servers import DjangoServer, RustScriptServer

# What one side does, and what its operations answer; the other side does the next.
STEPS = [
    ([["set", "counter", 1], ["set", "name", "Zähler 🦀"]], [None, None]),
    ([["get", "counter"], ["set", "counter", 2**70]], [1, None]),
    ([["items"], ["set", "nested", {"z": [1, {"y": {}}], "": None}]], [[["counter", 2**70], ["name", "Zähler 🦀"]], None]),
    ([["get", "nested"], ["test_cookie", "set"]], [{"z": [1, {"y": {}}], "": None}, None]),
    ([["test_cookie", "worked"], ["test_cookie", "delete"]], [True, None]),
    ([["has_key", "testcookie"], ["cycle_key"], ["set", "user", 7]], [False, None, None]),
    ([["get", "user"], ["set_expiry", 3600]], [7, None]),
    ([["expiry_age"], ["at_browser_close"], ["set_expiry", 0]], [3600, False, None]),
    ([["at_browser_close"], ["set_expiry", "2036-02-29T12:30:45.678901+00:00"]], [True, None]),
    ([["expiry_date"], ["set_expiry", None], ["set", "text", "ab" * 400]], ["2036-02-29T12:30:45.678901+00:00", None, None]),
    ([["pop", "nested"], ["get", "text"], ["clear"], ["set", "last", 1]], [{"z": [1, {"y": {}}], "": None}, "ab" * 400, None, None]),
    ([["items"], ["modified"]], [[["last", 1]], None]),
]  # fmt: skip


class Walk(unittest.TestCase):
    def test_twelve_steps_between_a_django_and_ours_whoever_begins(self):
        for name, engine in ENGINES.items():
            with tempfile.TemporaryDirectory() as folder, engine(folder) as engine:
                engine.prepare()
                with DjangoServer(engine.environment()) as django, RustScriptServer(engine.environment()) as rust:
                    for servers in permutations([django, rust]):
                        with self.subTest(engine=name, begins=servers[0].name):
                            self.walk(servers, engine)

    def walk(self, servers, engine):
        engine.clear()
        key = None
        for (operations, results), server in zip(STEPS, cycle(servers)):
            answer = server.script(*operations, key=key)
            self.assertEqual((answer.status, json.dumps(answer.json())), (200, json.dumps(results)), server.name)
            key = answer.set_cookie().value
        if engine.keeps:
            self.assertEqual([*engine.rows()], [key], "one session, under the key of the last cookie")
        # Whoever is logged out by one side is to the other.
        if engine.keeps:
            flushed = servers[0].script(["flush"], key=key)
            self.assertEqual((flushed.set_cookie().value, engine.rows()), ('""', {}))
            self.assertEqual(servers[1].script(["items"], key=key).json(), [[]])


class Crowd(unittest.TestCase):
    """Two servers of ours and a Django in one place, each client with a session of its own and one request at a time."""

    CLIENTS = 8
    REQUESTS = 60

    def test_no_client_of_three_servers_misses_what_it_was_answered(self):
        for name, engine in ENGINES.items():
            with self.subTest(engine=name), tempfile.TemporaryDirectory() as folder, engine(folder) as engine:
                engine.prepare()
                environment = engine.environment()
                with (
                    DjangoServer(environment) as django,
                    RustScriptServer(environment) as one,
                    RustScriptServer(environment) as other,
                    ThreadPoolExecutor(self.CLIENTS) as clients,
                ):
                    servers = [django, one, other]
                    for problems in clients.map(lambda seed: self.visit(servers, seed), range(self.CLIENTS)):
                        self.assertEqual(problems, [])

    def visit(self, servers, seed):
        """What a client was not told as it should have been."""
        rng, key, expected, problems = random.Random(seed), None, {}, []
        for number in range(self.REQUESTS):
            server, name = rng.choice(servers), rng.choice("abc")
            operations = [["items"], ["set", name, number]]
            if moves := rng.random() < 0.1:
                operations.append(["cycle_key"])
            elif ends := rng.random() < 0.05:
                operations = [["items"], ["flush"], ["set", name, number]]
            answer = server.script(*operations, key=key)
            told = dict(answer.json()[0]) if answer.status == 200 else answer.status
            if told != expected:
                problems.append((number, server.name, told, expected))
            expected = {name: number} if not moves and ends else {**expected, name: number}
            if answer.status == 200:
                key = answer.set_cookie().value
        return problems


if __name__ == "__main__":
    unittest.main()
