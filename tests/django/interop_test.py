"""One session walks between a real Django and this server: one file, one row, one cookie."""

import json
import math
import random
import string
import time
from itertools import cycle, permutations

from payload import is_compressed, is_signed_with, packed, signed_at
from shared import SECRET_KEY, BothServers, in_both_orders

KEYS = ["", "Zähler", "🦀", "\ud800", 'a"b\\c', "\x00", "a b", "_auth_user_id", "__proto__", "counter "]

WORDS = ["session", "Sitzung", "cookie", "Keks", "Zähler", "counter", "世界", "🦀"]


def nested(depth):
    return [nested(depth - 1)] if depth else []


VALUES = {
    "text beyond ASCII": "Grüße, Ελλάδα, 世界, \u00a0\u2028\uffff",
    "text beyond the basic plane": "🦀 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff",
    "lone surrogates": ["\ud800", "\udfff", "a\udc00b", "\ude00\ud83d"],
    "characters that JSON escapes": '"\\/\b\f\n\r\t\x00\x1f\x7f<&>',
    "integers of any size": [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 2**70, -(2**70), 10**400],
    "floats": [0.1, 1.0, -0.0, 1e16, 1e-07, 1.7976931348623157e308, 5e-324, 0.1 + 0.2],
    "numbers that JSON does not have": [math.nan, math.inf, -math.inf],
    "nested structures in their order": {"z": [1, {"y": {}, "b": [[], [None]]}], "": True, "a": "", "10": 1, "9": 2},
    "a list in a list, 300 deep": nested(300),
    "4 kB of text": " ".join(random.Random(7).choices(WORDS, k=600)),
    "text that does not compress": string.ascii_letters + string.digits,
}


@in_both_orders
class OneSession(BothServers):
    def test_ten_alternating_steps_count_on_in_one_row_under_one_key(self):
        for servers in permutations(self.servers):
            with self.subTest(begins=servers[0].name):
                rows, key = self.database.count(), None
                for step, server in zip(range(10), cycle(servers)):
                    answer = server.get("/hello/world", key)
                    self.assertEqual((answer.status, answer.counter()), (200, step))
                    key = key or answer.set_cookie().value
                    self.assertEqual(answer.set_cookie().value, key)
                self.assertEqual(self.database.count(), rows + 1)
                self.assertEqual(self.decoded(key), {"counter": 10})

    def test_it_walks_between_two_of_ours_and_a_django(self):
        servers = [self.rust, self.another(self.rust), self.django]
        key = self.rust.get("/hello/world").set_cookie().value
        for step, server in zip(range(1, 13), cycle(servers)):
            self.assertEqual(server.get("/hello/world", key).counter(), step)
        self.assertEqual(self.decoded(key), {"counter": 13})

    def test_the_page_is_the_same_from_either_server(self):
        key = self.session_with(["set", "counter", 1234567])
        for path in ["/hello/world2", "/hello/world"]:
            with self.subTest(path=path):
                ours = self.rust.get(path, key)
                self.django.script(["set", "counter", 1234567], key=key)
                self.assertEqual(self.django.get(path, key).body, ours.body)

    def test_django_accepts_the_signature_of_what_rust_writes(self):
        for path, stored in [("/hello/world", {"counter": 1}), ("/hello/poke", {"_session_expiry": 0})]:
            with self.subTest(path=path):
                before = int(time.time())
                key = self.rust.get(path).set_cookie().value
                session_data = self.database.row(key).session_data
                self.assertTrue(is_signed_with(session_data, SECRET_KEY), session_data)
                self.assertIn(signed_at(session_data), range(before, int(time.time()) + 1))
                self.assertEqual(self.decoded(key), stored)
                (items,) = self.django.script(["items"], key=key).json()
                self.assertEqual(dict(items), stored)

    def test_the_key_that_rust_makes_has_the_form_of_djangos(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                self.assertRegex(server.get("/hello/world").set_cookie().value, r"^[a-z0-9]{32}$")


@in_both_orders
class Values(BothServers):
    def test_what_django_stored_is_exactly_there_after_rust_changed_another_key(self):
        for name, value in VALUES.items():
            with self.subTest(name):
                key = self.session_with(["set", "before", 1], ["set", "value", value], ["set", "after", [None]])
                untouched = self.stored_json(key)
                self.assertEqual([self.rust.get("/hello/world", key).counter() for _ in range(2)], [0, 1])
                self.assertEqual(self.stored_json(key), untouched.removesuffix("}") + ',"counter":2}')
                self.assert_decodes_to(key, {"before": 1, "value": value, "after": [None], "counter": 2})

    def test_keys_of_any_text_are_exactly_there_after_rust_changed_another_key(self):
        for name in KEYS:
            with self.subTest(key=name):
                key = self.session_with(["set", name, 1], ["set", "after", 2])
                untouched = self.stored_json(key)
                self.assertEqual(self.rust.get("/hello/world", key).counter(), 0)
                self.assertEqual(self.stored_json(key), untouched.removesuffix("}") + ',"counter":1}')
                self.assert_decodes_to(key, {name: 1, "after": 2, "counter": 1})

    def test_what_rust_stored_is_there_after_django_changed_another_key(self):
        for name, value in VALUES.items():
            with self.subTest(name):
                key = self.rust.get("/hello/world").set_cookie().value
                self.django.script(["set", "value", value], key=key)
                self.assertEqual(self.rust.get("/hello/world", key).counter(), 1)
                self.assert_decodes_to(key, {"counter": 2, "value": value})

    def test_a_changed_key_keeps_its_place(self):
        key = self.session_with(["set", "b", 1], ["set", "counter", 41], ["set", "a", 2])
        self.assertEqual(self.rust.get("/hello/world", key).counter(), 41)
        self.assertEqual(self.stored_json(key), '{"b":1,"counter":42,"a":2}')

    def test_a_long_session_stays_compressed_and_a_short_one_plain(self):
        for name, compressed in [("4 kB of text", True), ("text that does not compress", False)]:
            with self.subTest(name):
                key = self.session_with(["set", "value", VALUES[name]])
                self.assertIs(is_compressed(self.database.row(key).session_data), compressed)
                self.rust.get("/hello/world", key)
                self.assertIs(is_compressed(self.database.row(key).session_data), compressed)

    def test_rust_packs_a_session_into_the_bytes_that_django_would(self):
        # The lengths of the second kind lie around the size from which compression begins to pay.
        values = [*VALUES.values(), *("ab" * length for length in range(8, 24))]
        for value in values:
            with self.subTest(value=value):
                key = self.session_with(["set", "value", value])
                self.rust.get("/hello/world", key)
                by_rust = self.database.row(key).session_data
                self.django.script(["modified"], key=key)
                self.assertEqual(packed(by_rust), packed(self.database.row(key).session_data))

    def assert_decodes_to(self, key, expected):
        # Compared as text: NaN equals itself there, and 1, 1.0 and True differ.
        self.assertEqual(json.dumps(self.decoded(key)), json.dumps(expected))
