"""Payloads by the ten thousand, without a server: Rust's example `payload` against `django.core.signing`."""

import os
import random
import secrets
import string
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from django.core.signing import JSONSerializer, TimestampSigner, b62_encode
from payload import SALT, is_compressed, json_text, signed, signed_at, signer
from servers import COMMAND_SECONDS, REPOSITORY, DjangoServer, RustScriptServer, built
from shared import SECRET_KEY, Database

ANY_OBJECTS = 1_000
SESSIONS = 20_000
LARGEST = 100_000

FLOATS = [0.0, -0.0, 1.0, 0.1, 1e16, 1e22, 1e-5, 1e-7, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]
INTEGERS = [0, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 2**70, -(2**70), 10**400]
NO_NUMBERS = [float("nan"), float("inf"), float("-inf")]


class Payloads(unittest.TestCase):
    def setUp(self):
        # SEED=… repeats a run that has failed.
        self.seed = int(os.environ.get("SEED", secrets.randbelow(10**6)))
        self.random = random.Random(self.seed)

    def test_django_reads_any_object_that_rust_writes(self):
        objects = [self.object(self.size()) for _ in range(ANY_OBJECTS)]
        for written, payload in zip(objects, encode(map(dumps, objects)), strict=True):
            read = signer(SECRET_KEY).unsign_object(payload, serializer=JSONSerializer)
            # As text, NaN equals itself, and 1, 1.0 and True differ; so does another order of the keys.
            self.assert_same_text(dumps(read), dumps(written))

    def test_rust_reads_any_object_that_django_writes(self):
        objects = [self.object(self.size()) for _ in range(ANY_OBJECTS)]
        payloads = [signed(written, SECRET_KEY) for written in objects]
        for written, read in zip(objects, decode(payloads), strict=True):
            self.assert_same_text(read, dumps(written))

    def test_rust_packs_any_object_as_django_does(self):
        self.assert_packed_as_by_django([self.object(self.size()) for _ in range(ANY_OBJECTS)])

    def test_rust_packs_20_000_sessions_into_the_bytes_that_django_would(self):
        compressed = self.assert_packed_as_by_django([self.session() for _ in range(SESSIONS)])
        # Sizes at which it is always the same would prove little.
        self.assertGreater(min(compressed, SESSIONS - compressed), SESSIONS / 10)

    def test_every_key_that_is_known_is_tried_and_no_other(self):
        keys = [SECRET_KEY, "an older key", "the oldest", "a key that nobody knows"]
        payloads = [signed({"by": key}, key) for key in keys] + [signed({}, SECRET_KEY, salt="another")]
        rotated = {"SECRET_KEY_FALLBACKS": "an older key,the oldest"}
        read = [dumps({"by": key}) for key in keys[:3]]
        self.assertEqual(decode(payloads, failures=2, **rotated), [*read, "", ""])
        self.assertEqual(decode(payloads, failures=4), [*read[:1], "", "", "", ""])
        (payload,) = encode(["{}"], **rotated)
        self.assertEqual(signer(SECRET_KEY).unsign_object(payload, serializer=JSONSerializer), {})

    def test_what_rust_has_no_type_for_survives_a_change_of_another_key(self):
        database = Database(self.enterContext(tempfile.TemporaryDirectory()))
        environment = database.environment()
        DjangoServer(environment).manage("migrate")
        statement = "INSERT INTO django_session VALUES (?, ?, '2037-01-01 00:00:00')"
        with RustScriptServer(environment) as rust:
            for number in range(300):
                key, untouched = f"session number {number}", self.object(self.random.randrange(400))
                untouched |= {"2^70": 2**70, "none": NO_NUMBERS, "\ud800": ["\udfff", {"a\udc00": "\ud83d"}]}
                database.execute(statement, key, signed(untouched, SECRET_KEY))
                changed = rust.script(["setdefault", "mine", 1], ["set", "mine", 2], key=f'"{key}"')
                self.assertEqual((changed.status, changed.json()), (200, [1, None]), self.seed)
                self.assert_same_text(json_text(database.row(key).session_data), dumps(untouched | {"mine": 2}))

    def assert_packed_as_by_django(self, objects):
        """Each payload is the same to the byte, signed in the second that it names; returns how many are compressed."""
        payloads = encode(map(dumps, objects))
        for written, payload in zip(objects, payloads, strict=True):
            self.assert_same_text(payload, signed_in(signed_at(payload), written))
        return sum(map(is_compressed, payloads))

    def assert_same_text(self, ours, djangos):
        # `assertEqual` would take minutes to lay out how 100 kB differ.
        if ours != djangos:
            at = len(os.path.commonprefix([ours, djangos]))
            around = slice(max(at - 60, 0), at + 60)
            self.fail(f"at {at}, seed {self.seed}: Rust has {ours[around]!r}, Django {djangos[around]!r}")

    def size(self):
        """Of a JSON text: as often below 10 bytes as above 10,000."""
        return int(LARGEST ** self.random.random())

    def object(self, size):
        """An object whose JSON text is about so long."""
        members, length = {}, 2
        while length < size:
            key, value = self.text(20), self.value(self.random.choice([0, 1, 2, 3, 200]), size)
            length += len(dumps({key: value}))
            members[key] = value
        return members

    def value(self, depth, size):
        if depth > 3:
            return self.deep(depth)
        kind = self.random.randrange(9 if depth else 7)
        if kind == 7:
            return [self.value(depth - 1, size) for _ in range(self.random.randrange(5))]
        if kind == 8:
            return {self.text(10): self.value(depth - 1, size) for _ in range(self.random.randrange(5))}
        return [
            lambda: self.random.choice([None, True, False, [], {}, ""]),
            lambda: self.random.choice(INTEGERS),
            lambda: self.random.getrandbits(self.random.randrange(1, 300)) * self.random.choice([1, -1]),
            lambda: self.random.choice(FLOATS + NO_NUMBERS),
            # Every bit pattern is a float.
            lambda: struct.unpack("d", self.random.randbytes(8))[0],
            lambda: self.text(60),
            lambda: " ".join(self.random.choices(WORDS, k=self.random.randrange(size // 20 + 2))),
        ][kind]()

    def deep(self, depth):
        value = self.text(5)
        for _ in range(depth):
            value = [value] if self.random.random() < 0.5 else {"é": value}
        return value

    def text(self, longest):
        """Characters of every plane, lone surrogates among them."""
        highest = self.random.choice([0x7F, 0xFF, 0xFFFF, 0x10FFFF])
        return "".join(map(chr, self.random.choices(range(highest + 1), k=self.random.randrange(longest))))

    def session(self):
        """What sites keep: a login, a basket, a form half filled in."""
        session = {}
        for _ in range(self.random.randrange(1, 6)):
            key, value = self.random.choice(
                [
                    lambda: ("_auth_user_id", str(self.random.randrange(10**6))),
                    lambda: ("_auth_user_backend", "django.contrib.auth.backends.ModelBackend"),
                    lambda: ("_auth_user_hash", self.random.randbytes(32).hex()),
                    lambda: ("_csrftoken", "".join(self.random.choices(string.ascii_letters + string.digits, k=32))),
                    lambda: ("_session_expiry", self.random.choice([0, 3600, "2036-02-29T12:30:45.678901+00:00"])),
                    lambda: ("counter", self.random.randrange(10**4)),
                    lambda: ("cart", {str(n): {"quantity": n % 4, "price": "19.99"} for n in range(self.random.randrange(9))}),
                    lambda: ("name", "".join(self.random.choices("ab cdefé", k=self.random.randrange(40)))),
                    lambda: ("seen", [self.random.randrange(500) for _ in range(self.random.randrange(30))]),
                    lambda: ("search", " ".join(self.random.choices(WORDS, k=self.random.randrange(1, 12)))),
                ]
            )()
            session[key] = value
        return session


WORDS = ["session", "Sitzung", "cookie", "Keks", "Zähler", "counter", "世界", "🦀", "a", "of", "the", "Ελλάδα"]


def dumps(value):
    return JSONSerializer().dumps(value).decode()


def signed_in(second, value):
    """A payload as Django would have stored it in that second."""

    class Then(TimestampSigner):
        def timestamp(self):
            return b62_encode(second)

    then = Then(key=SECRET_KEY, salt=SALT, fallback_keys=[])
    return then.sign_object(value, serializer=JSONSerializer, compress=True)


def encode(texts, **settings):
    return translate("encode", texts, 0, settings)


def decode(payloads, failures=0, **settings):
    return translate("decode", payloads, failures, settings)


def translate(direction, lines, failures, settings):
    """What the example `payload`, which is built beside `script`, makes of each line."""
    program = Path(built("SESSIONID_SCRIPT", "example `script`")).with_name("payload")
    done = subprocess.run(
        [program, direction],
        input="".join(f"{line}\n" for line in lines),
        cwd=REPOSITORY,
        env={"DEBUG": "true", "SECRET_KEY": SECRET_KEY, **settings},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert len(done.stderr.splitlines()) == failures, done.stderr[:2000]
    return done.stdout.split("\n")[:-1]


if __name__ == "__main__":
    unittest.main()
