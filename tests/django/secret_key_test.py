"""What a signature decides: rotation of SECRET_KEY, and rows that were tampered with."""

from itertools import permutations

from payload import is_signed_with, signed
from shared import SECRET_KEY, BothServers, in_both_orders

NEW_KEY = "the key that came with the rotation"

FORGERIES = {
    "another signature": lambda data: data[:-43] + ("B" if data[-43] == "A" else "A") + data[-42:],
    "a shorter signature": lambda data: data[:-1],
    "another payload": lambda data: "e30" + data[data.index(":") :],
    "another timestamp": lambda data: ":".join([data.split(":")[0], "1uVIC0", data.split(":")[2]]),
    "an unknown key": lambda data: signed({"counter": 7}, "a key that nobody knows"),
    "another salt": lambda data: signed({"counter": 7}, SECRET_KEY, salt="django.core.signing"),
    "no separator": lambda data: data.replace(":", ""),
    "beyond ASCII": lambda data: data + "é",
    "nothing": lambda data: "",
}


@in_both_orders
class Rotation(BothServers):
    def test_rows_of_the_old_key_are_read_after_a_rotation_and_signed_anew_when_saved(self):
        for writer, reader in permutations(self.servers):
            with self.subTest(writer=writer.name, reader=reader.name):
                key = writer.get("/hello/world").set_cookie().value
                row = self.database.row(key)

                fallbacks = f"an even older one,{SECRET_KEY}"
                rotated = self.another(reader, SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=fallbacks)
                self.assertEqual(rotated.get("/hello/world2", key).counter(), 1)
                self.assertEqual(self.database.row(key), row)

                saved = rotated.get("/hello/world", key)
                self.assertEqual((saved.counter(), saved.set_cookie().value), (1, key))
                session_data = self.database.row(key).session_data
                self.assertTrue(is_signed_with(session_data, NEW_KEY))
                self.assertFalse(is_signed_with(session_data, SECRET_KEY))

                self.assertEqual(self.another(writer, SECRET_KEY=NEW_KEY).get("/hello/world2", key).counter(), 2)

    def test_without_the_fallback_a_row_of_the_old_key_is_an_empty_session(self):
        for writer, reader in permutations(self.servers):
            with self.subTest(writer=writer.name, reader=reader.name):
                key = writer.get("/hello/world").set_cookie().value
                stranger = self.another(reader, SECRET_KEY=NEW_KEY)
                self.assertEqual(stranger.get("/hello/world2", key).counter(), 0)
                self.assertEqual(writer.get("/hello/world2", key).counter(), 1)


@in_both_orders
class Forgery(BothServers):
    def test_a_bad_signature_is_an_empty_session_that_keeps_its_key(self):
        for server in self.servers:
            for name, forge in FORGERIES.items():
                with self.subTest(server=server.name, forgery=name):
                    key = self.session_with(["set", "counter", 5])
                    forged = forge(self.database.row(key).session_data)
                    self.database.replace_data(key, forged)

                    read = server.get("/hello/world2", key)
                    self.assertEqual((read.status, read.counter(), read.set_cookie()), (200, 0, None))
                    self.assertEqual(read.values("Vary"), ["Cookie"])
                    self.assertEqual(self.database.row(key).session_data, forged)

                    saved = server.get("/hello/world", key)
                    self.assertEqual((saved.counter(), saved.set_cookie().value), (0, key))
                    self.assertEqual(self.decoded(key), {"counter": 1})

    def test_rust_never_overwrites_a_signed_payload_that_it_cannot_read(self):
        key = self.session_with(["set", "counter", 5])
        for unreadable in [b"\x80\x04}\x94.", b"", b"[1,2]", b'{"counter":', b'{"counter":5}}']:
            with self.subTest(unreadable):
                self.database.replace_data(key, signed(unreadable, SECRET_KEY))
                row = self.database.row(key)
                for path in ["/hello/world2", "/hello/world", "/hello/poke"]:
                    answer = self.rust.get(path, key)
                    self.assertEqual((answer.status, answer.set_cookie()), (500, None))
                self.assertEqual(self.database.row(key), row)
