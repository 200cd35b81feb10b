"""Sessions as a real Python pickles them, in every protocol: this server reads what JSON can say, changes one key, and leaves
the others as they were, down to their types."""

import collections
import datetime
import json
import math
import pickle
import random
import tempfile
import unittest

from engines import RedisCache
from random_scripts import KEYS, NUMBERS, TEXTS
from servers import RustScriptServer

KEY = "keyofadjangoofbefore"

# What has no counterpart in JSON.
UNREADABLE = [
    {"when": datetime.datetime(2036, 2, 29, 12, 30)},
    {"set": {1, 2}},
    {"frozen": frozenset()},
    {"bytes": b"\x00\xff"},
    {"array": bytearray(b"x")},
    {"ordered": collections.OrderedDict(a=1)},
    {"complex": 1j},
    {"function": len},
    {"keys": {(1, 2): 3}},
    {1: "a key that is no text"},
    ["no dict"],
    "no dict",
    None,
    17,
]


def values(rng, depth=0):
    """Any value that JSON can say something of, with types that are only Python's."""
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([None, True, False, math.nan, math.inf, -math.inf])
    if kind in (1, 2):
        return rng.choice([*NUMBERS, rng.getrandbits(rng.choice([1, 8, 31, 63, 64, 65, 200, 5000])), -rng.getrandbits(70)])
    if kind == 3:
        return rng.uniform(-1, 1) * 10 ** rng.randrange(-300, 300)
    if kind in (4, 5):
        return rng.choice([*TEXTS, "x" * 300, "ü" * 70_000 if rng.random() < 0.05 else ""])
    items = [values(rng, depth + 1) for _ in range(rng.randrange(5))]
    if kind == 6:
        return items
    if kind == 7:
        return tuple(items)
    keys = [*KEYS, 1, -1, 2**70, 1.5, True, None, math.inf]
    return {rng.choice(keys): item for item in items}


class Pickles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(RedisCache(cls.enterClassContext(tempfile.TemporaryDirectory())))
        cls.rust = cls.enterClassContext(RustScriptServer(cls.engine.environment()))

    def stored(self):
        return self.engine.values()[KEY][0]

    def test_a_change_of_one_key_leaves_the_others_as_they_were(self):
        rng = random.Random(2026)
        for number in range(600):
            session = {rng.choice(KEYS): values(rng) for _ in range(rng.randrange(6))}
            shared = [1, {"in": "several places"}]
            session |= {"first": shared, "second": shared}
            protocol = number % (pickle.HIGHEST_PROTOCOL + 1)
            with self.subTest(session=session, protocol=protocol):
                self.engine.store(KEY, pickle.dumps(session, protocol), 600)
                answer = self.rust.script(["items"], ["set", "another", number], key=KEY)
                self.assertEqual(answer.status, 200)
                # `json.dumps` tells the order of keys, and NaN, where `==` does not.
                read = {key: json.dumps(value) for key, value in answer.json()[0]}
                said = {key: json.dumps(value) for key, value in json.loads(json.dumps(session)).items()}
                self.assertEqual(read, said, "as JSON says it")
                # `repr` tells types, signs and NaN, where `==` does not.
                self.assertEqual(repr(pickle.loads(self.stored())), repr({**session, "another": number}))

    def test_what_json_cannot_say_is_left_as_it_is(self):
        for session in UNREADABLE:
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(session=session, protocol=protocol):
                    # Django's Redis cache writes an integer as it is.
                    value = b"17" if session == 17 else pickle.dumps(session, protocol)
                    self.engine.store(KEY, value, 600)
                    answer = self.rust.script(["set", "another", 1], key=KEY)
                    self.assertEqual((answer.status, answer.set_cookie()), (500, None))
                    self.assertEqual(self.stored(), value)
                    self.assertEqual(self.rust.script(["clear"], ["set", "a", 1], key=KEY).status, 200)
                    self.assertEqual(pickle.loads(self.stored()), {"a": 1})

    def test_depth_is_no_danger(self):
        nested = []
        for _ in range(400):
            nested = [nested]
        self.engine.store(KEY, pickle.dumps({"deep": nested}), 600)
        self.assertEqual(self.rust.script(["set", "another", 1], key=KEY).status, 200)
        self.assertEqual(pickle.loads(self.stored()), {"deep": nested, "another": 1})
        for depth in (10_000, 1_000_000):
            self.engine.store(KEY, b"}X\x01\x00\x00\x00k" + b"]" * depth + b"a" * (depth - 1) + b"s.", 600)
            self.assertEqual(self.rust.script(["set", "another", 1], key=KEY).status, 500)
        self.assertEqual(self.rust.script(["items"]).status, 200)


if __name__ == "__main__":
    unittest.main()
