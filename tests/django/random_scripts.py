"""Random requests for the view `script`, and what happens to the table between them.

A key is named, never spelled: by the number of the request that first had it, or by one of an engine's `planted`. So a sequence of
requests means the same to two servers whose keys are random, and still means something when requests are taken out.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime, timezone

from payload import signed
from shared import SECRET_KEY

OLDER_KEYS = ["an older key", "the oldest key of all"]

# Seconds until an end that slides. Nothing else in a script ends within seconds of one of these.
AGES = [0, -10, 3600, 86399, 40_000_000]

# Ends that stay, as a script sets them. Python stores each in the form of its `isoformat`.
MOMENTS = [
    "2036-02-29T12:30:45.678901+00:00",
    "2036-02-29T12:30:45+00:00",
    "2036-02-29T12:30:45.5+05:30",
    "2036-02-29T23:59:59.999999-11:00",
    "2036-02-29T12:30:45Z",
    "9999-12-31T23:59:59.999999+00:00",
    "1999-12-31T23:59:59.999999+00:00",
]
SPANS = [5_000_000, 70_000_000, -5_000]

# What a view may put under `_session_expiry` by hand; the last ones tell no end that can be stored.
STRANGE_EXPIRIES = [
    None, False, 0, 0.0, -0.0, 3600, -10, [], {}, "2036-02-29T12:30:45.678901+00:00", "2036-02-29T12:30:45+05:30",
    "2036-02-29T12:30:45+05:53:28", "", "tomorrow", 10**12, -(10**12),
]  # fmt: skip

STATUSES = [200, 201, 302, 404, 400, 499, 500, 503, 599]

KEYS = ["a", "b", "name", "", "Zähler", "🦀", 'a"b\\c', "\x00", "\x7f", "\u2028", "__proto__", "testcookie"]
EXPIRY_KEY = "_session_expiry"

TEXTS = [
    "", "x", "worked", "Grüße, Ελλάδα, 世界", "🦀 𝔘𝔫𝔦 \U0010ffff", '"\\/\b\f\n\r\t\x00\x1f\x7f<&>', "\ud800", "a\udc00b",
    "ab" * 40, "<script>", "2036", "null",
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 7, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 2**70, -(2**70), 10**40,
    0.0, -0.0, 1.0, 0.1, 0.1 + 0.2, 1e16, 1e22, 123456789012345680.0, 1e-5, 1e-7, 1.7976931348623157e308, 5e-324,
    2.2250738585072014e-308, 9007199254740993.0,
]  # fmt: skip

# Sessions that somebody else has stored. What JSON has no number for reaches a script only so.
STORED = [
    {},
    {"a": 1, "b": [2], "name": None},
    {key: number for number, key in enumerate(KEYS)},
    {key: [key] for key in reversed(KEYS)},
    {"name": math.nan, "a": [math.inf, -math.inf], "b": {"c": math.nan}},
    {"a": "\ud800", "b": {"\udfff": 2**70}, "name": 1e400},
    {"testcookie": "worked", "z": 1},
    {"testcookie": "broken"},
    {"b": "ab" * 400, "a": ["Zähler"] * 30},
    {EXPIRY_KEY: 0, "a": 1},
    {EXPIRY_KEY: 3600},
    {EXPIRY_KEY: None, "a": 1},
    {EXPIRY_KEY: "2036-02-29T12:30:45.678901+00:00", "a": 1},
]

FORGERIES = {
    "nothing": "",
    "no payload": "garbage",
    "an empty payload": "e30:1uVIC0:",
    "colons": ":::",
    "another key": signed({"a": 1}, "a key that nobody knows"),
    "another salt": signed({"a": 1}, SECRET_KEY, salt="django.core.signing"),
    "a cut signature": signed({"a": 1}, SECRET_KEY)[:-1],
    "beyond ASCII": signed({"a": 1}, SECRET_KEY) + "é",
}

# Keys that a table can have, and that neither side would make.
PLANTED = ["a key; with \"quotes\" and 'all' \\", "schlüssel", "12345678", "key:with/slash,", "UPPERCASE"]


@dataclass(frozen=True)
class Request:
    number: int
    tampering: tuple  # what happens to the row of a key first: (kind, key, argument), or nothing
    cookie: tuple  # (kind, key)
    operations: tuple
    escaped: bool = True  # whether the body is ASCII

    def body(self):
        # A lone surrogate can only be sent escaped.
        try:
            return json.dumps(self.operations, ensure_ascii=self.escaped).encode()
        except UnicodeEncodeError:
            return json.dumps(self.operations).encode()

    def __str__(self):
        parts = []
        if self.tampering:
            kind, whose, argument = self.tampering
            parts.append(f"{kind} the row of {named(whose)}" + ("" if argument is None else f" ({argument!r})"))
        kind, whose = self.cookie
        parts.append("no cookie" if kind == "none" else f"cookie {kind!r} of {named(whose)}")
        return f"{self.number}. {'; '.join(parts)}: {json.dumps(self.operations)}"


def named(key):
    return f"planted {key!r}" if isinstance(key, str) else f"request {key}"


UNKNOWN = b"thekeythataclientmadeupbyitself0"

# The Cookie header of each kind, from the name of the cookie and the value that its server would give it.
COOKIES = {
    "none": lambda name, key: None,
    "as it was set": lambda name, key: name + b"=" + key,
    "among others": lambda name, key: b"first=1; " + name + b"=" + key + b'; last="a\\"b"; flag',
    "in quotes": lambda name, key: name + b'="' + key + b'"',
    "in octal": lambda name, key: name + b'="' + b"".join(b"\\%03o" % byte for byte in key) + b'"',
    "with backslashes": lambda name, key: name + b'="' + b"".join(b"\\%c" % byte for byte in key) + b'"',
    "spaced": lambda name, key: b" a=1 ;\t" + name + b" = \t" + key + b" ;; ",
    "in wide spaces": lambda name, key: name + b"=\xc2\xa0" + key + b"\xe3\x80\x80",
    "last of two": lambda name, key: name + b"=" + UNKNOWN + b"; " + name + b"=" + key,
    "first of two": lambda name, key: name + b"=" + key + b"; " + name + b"=" + UNKNOWN,
    "before an empty one": lambda name, key: name + b"=" + key + b"; " + name + b"=",
    "before one without a value": lambda name, key: name + b"=" + key + b"; " + name,
    "beside bad bytes": lambda name, key: b"\xff\xfe=\x80; " + name + b"=" + key + b"; \xc3=\xe2\x28\xa1",
    "with a bad byte": lambda name, key: name + b"=" + key + b"\xff",
    "with a bad byte before": lambda name, key: name + b"=\xe2\x82" + key,
    "cut to seven": lambda name, key: name + b"=" + key[:7],
    "cut to eight": lambda name, key: name + b"=" + key[:8],
    "in capitals": lambda name, key: name + b"=" + key.upper(),
    "percent-encoded": lambda name, key: name + b"=%%%02X" % key[0] + key[1:],
    "with a quote before": lambda name, key: name + b'="' + key,
    "with a quote behind": lambda name, key: name + b"=" + key + b'"',
    "with more behind": lambda name, key: name + b"=" + key + b"=, " + name + b"=" + key,
    "without a name": lambda name, key: key,
    "of another name": lambda name, key: b"x" + name + b"=" + key,
    "of a name in other case": lambda name, key: name.swapcase() + b"=" + key,
    "empty": lambda name, key: name + b"=",
    "empty in quotes": lambda name, key: name + b'=""',
    "a quote": lambda name, key: name + b'="',
    "only the name": lambda name, key: name,
    "no cookie at all": lambda name, key: b"; ;=;",
    "seven letters": lambda name, key: name + b"=1234567",
    "seven letters beyond ASCII": lambda name, key: name + "=ключиии".encode(),
    "eight letters beyond ASCII": lambda name, key: name + "=ключключ".encode(),
    "unknown": lambda name, key: name + b"=" + UNKNOWN,
    "unknown and long": lambda name, key: name + b"=" + b"k" * 300,
}


class Generator:
    """Requests to a server on an engine, one after the other, drawn from `random`."""

    def __init__(self, random, engine):
        self.random = random
        self.engine = engine
        self.recent = list(engine.planted)

    def requests(self, count):
        for number in range(1, count + 1):
            yield self.engine.adapt(self.request(number))
            self.recent.append(number)

    def request(self, number):
        return Request(number, self.tampering(), self.cookie(), tuple(self.operations()), self.chance(0.7))

    def key(self):
        # The latest keys most of all, or sessions would never grow old.
        return self.random.choice(self.recent[-4:] if self.chance(0.8) else self.recent)

    def cookie(self):
        kind = "as it was set" if self.chance(0.6) else self.random.choice(list(COOKIES))
        return kind, self.key()

    def tampering(self):
        if self.chance(0.7):
            return ()
        kind = self.random.choice(["expire", "forge", "store", "store", "delete", "last until"])
        argument = {
            "forge": lambda: self.random.choice(list(FORGERIES)),
            "store": lambda: self.random.randrange(len(STORED)),
            "last until": lambda: self.random.choice(["2037-01-01 00:00:00", "2037-01-01 00:00:00.000001"]),
        }.get(kind, lambda: None)
        return kind, self.key(), argument()

    def operations(self):
        operations = [self.operation() for _ in range(self.random.choice([0, 1, 1, 1, 2, 2, 3, 4, 6]))]
        if self.chance(0.2):
            operations.append(["status", self.random.choice(STATUSES)])
        if self.chance(0.02):
            operations.append(["set", "a", 1])  # after the status that has ended the list, perhaps
        return operations

    def operation(self):
        key, value = self.name(), self.value()
        return self.random.choice(
            [
                ["get", key],
                ["get", key, value],
                ["set", key, value],
                ["set", key, value],
                ["del", key],
                ["pop", key],
                ["pop", key, value],
                ["setdefault", key, value],
                ["update", {self.name(): self.value() for _ in range(self.random.choice([0, 1, 3]))}],
                ["has_key", key],
                ["keys"],
                ["values"],
                ["items"],
                ["clear"],
                ["flush"],
                ["cycle_key"],
                ["session_key"],
                ["set_expiry", self.expiry()],
                ["set_expiry", self.expiry()],
                ["expiry_age"],
                ["expiry_date"],
                ["at_browser_close"],
                ["is_empty"],
                ["modified"],
                ["test_cookie", self.random.choice(["set", "worked", "delete"])],
                ["get", EXPIRY_KEY],
                ["del", EXPIRY_KEY],
                ["set", EXPIRY_KEY, self.random.choice(STRANGE_EXPIRIES)],
            ]
        )

    def name(self):
        return self.random.choice(KEYS[:3] if self.chance(0.6) else KEYS)

    def expiry(self):
        return self.random.choice(
            [
                None,
                self.random.choice(AGES),
                self.random.choice(MOMENTS),
                {"seconds": self.random.choice(SPANS)},
            ]
        )

    def value(self, depth=0):
        kind = self.random.randrange(8 if depth < 3 else 6)
        if kind < 2:
            return self.random.choice([None, True, False])
        if kind < 4:
            return self.random.choice(NUMBERS)
        if kind < 6:
            return self.random.choice(TEXTS)
        length = self.random.randrange(4)
        if kind == 6:
            return [self.value(depth + 1) for _ in range(length)]
        return {self.random.choice(KEYS): self.value(depth + 1) for _ in range(length)}

    def chance(self, probability):
        return self.random.random() < probability


def stored_form(moment):
    """What Python makes of an aware date in ISO form."""
    return datetime.fromisoformat(moment).isoformat()


def in_row(moment):
    """The same date as the table has it."""
    date = datetime.fromisoformat(moment).astimezone(timezone.utc).replace(tzinfo=None)
    return date.isoformat(" ")

