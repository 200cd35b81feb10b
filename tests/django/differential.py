"""Random scripts against Django and Rust, each on an engine of its own: whatever can be seen of a session is the same.

    SESSIONID_SCRIPT=target/debug/examples/script python differential.py --requests 500 [--seed N] [--engine file]

A difference is shown with the shortest sequence of requests that still leads to one; the seed repeats the run. What is
compared stands in `observation.py`, what is sent in `random_scripts.py`.
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace

import django
from engines import ENGINES
from observation import side
from random_scripts import OLDER_KEYS, Generator
from servers import DjangoServer, RustScriptServer

SETTINGS = {
    "Django's own": {},
    "saved every time": {"SESSION_SAVE_EVERY_REQUEST": "true"},
    "until the browser closes": {"SESSION_EXPIRE_AT_BROWSER_CLOSE": "true"},
    "saved every time, until the browser closes": {
        "SESSION_SAVE_EVERY_REQUEST": "true",
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": "true",
    },
    "every attribute": {
        "SESSION_COOKIE_NAME": "key",
        "SESSION_COOKIE_DOMAIN": ".example.com",
        "SESSION_COOKIE_PATH": "/script",
        "SESSION_COOKIE_SECURE": "true",
        "SESSION_COOKIE_HTTPONLY": "false",
        "SESSION_COOKIE_SAMESITE": "Strict",
    },
    "for other sites": {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": "true"},
    "for other sites, in small letters and insecure": {"SESSION_COOKIE_SAMESITE": "none"},
    "for this host alone": {"SESSION_COOKIE_NAME": "__Host-sessionid", "SESSION_COOKIE_SECURE": "true"},
    "a secure name, saved every time": {
        "SESSION_COOKIE_NAME": "__Secure-sessionid",
        "SESSION_COOKIE_SAMESITE": "false",
        "SESSION_SAVE_EVERY_REQUEST": "true",
    },
    "no SameSite, no HttpOnly, no path": {
        "SESSION_COOKIE_SAMESITE": "false",
        "SESSION_COOKIE_HTTPONLY": "false",
        "SESSION_COOKIE_PATH": "",
    },
    "a strange name": {"SESSION_COOKIE_NAME": "a!#$%&'*+-.^_`|~9", "SESSION_COOKIE_DOMAIN": "localhost"},
    "no age": {"SESSION_COOKIE_AGE": "0"},
    "a hundred years": {"SESSION_COOKIE_AGE": "3153600000", "SESSION_SAVE_EVERY_REQUEST": "true"},
}

# How long a difference is made shorter.
SHRINK_SECONDS = 20


class Pair:
    """Both servers under the same settings, each on its engine."""

    def __init__(self, engines, settings, stack):
        self.sides = []
        for kind, engine in zip([DjangoServer, RustScriptServer], engines, strict=True):
            common = {"DEBUG": "false", "ALLOWED_HOSTS": "127.0.0.1", "SECRET_KEY_FALLBACKS": ",".join(OLDER_KEYS)}
            server = stack.enter_context(kind(engine.environment(**{**common, **settings})))
            self.sides.append(side(server, engine))

    def begin_anew(self):
        for side in self.sides:
            side.begin_anew()

    def ask(self, request):
        """What Django does, and what Rust does."""
        return [observation(side, request) for side in self.sides]

    def differs(self, requests):
        """The first request of a sequence that the two sides answer differently, with both answers, or None."""
        self.begin_anew()
        for request in requests:
            django, rust = self.ask(request)
            if django != rust:
                return request, django, rust
        return None


def observation(side, request):
    try:
        return side.ask(request)
    except (AssertionError, ValueError) as impossible:
        return {"impossible": f"{side.server.name}: {impossible}"}


def shrink(pair, requests):
    """A shorter sequence that ends in a difference: without the requests and operations that it does not need."""
    deadline = time.monotonic() + SHRINK_SECONDS
    shorter = requests
    while shorter and time.monotonic() < deadline:
        requests = shorter
        shorter = next((fewer for fewer in smaller(requests) if in_time(deadline) and pair.differs(fewer)), None)
    return requests


def in_time(deadline):
    return time.monotonic() < deadline


def smaller(requests):
    """What is a little less than a sequence, the biggest cuts first."""
    size = len(requests) // 2
    while size:
        for start in range(0, len(requests), size):
            yield requests[:start] + requests[start + size :]
        size //= 2
    for at, request in enumerate(requests):
        for fewer in simpler(request):
            yield [*requests[:at], fewer, *requests[at + 1 :]]


def simpler(request):
    if request.tampering:
        yield replace(request, tampering=())
    for at in range(len(request.operations)):
        yield replace(request, operations=request.operations[:at] + request.operations[at + 1 :])
    if request.cookie[0] not in ("none", "as it was set"):
        yield replace(request, cookie=("as it was set", request.cookie[1]))
    if request.cookie[0] != "none":
        yield replace(request, cookie=("none", request.cookie[1]))


class Difference:
    """A sequence of requests and what the two sides made of the last of them."""

    def __init__(self, settings, requests, django, rust):
        self.settings = settings
        self.requests = requests
        self.django = django
        self.rust = rust

    def __str__(self):
        lines = [f"under {self.settings!r}, {SETTINGS[self.settings]}:", *map(str, self.requests)]
        for name in {**self.django, **self.rust}:
            django, rust = (side.get(name) for side in (self.django, self.rust))
            if django != rust:
                lines += [f"  {name} of Django: {django}", f"  {name} of Rust:   {rust}"]
        return "\n    ".join(lines)


def compare(count, seed, limit=5, only=None, engine="db"):
    """Sends `count` requests to both sides, and returns the differences, at most `limit`."""
    differences = []
    names = [name for name in SETTINGS if only in (None, name) and name not in ENGINES[engine].impossible]
    with ExitStack() as stack:
        folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2)]
        engines = [stack.enter_context(ENGINES[engine](folder)) for folder in folders]
        engines[0].prepare()
        for at, name in enumerate(names):
            share = count * (at + 1) // len(names) - count * at // len(names)
            engines[0].group = name
            # A seed of its own, so that a group repeats without the others before it.
            requests = list(Generator(random.Random(f"{seed} {name}"), engines[0]).requests(share))
            with ExitStack() as servers:
                pair = Pair(engines, SETTINGS[name], servers)
                while (found := pair.differs(requests)) and len(differences) < limit:
                    last = requests.index(found[0]) + 1
                    shortest = shrink(pair, requests[:last])
                    differences.append(Difference(name, shortest, *(pair.differs(shortest) or found)[1:]))
                    requests = requests[last:]
    return differences


def summary(count, seed, differences, engine="db"):
    return (
        f"differential: {count} requests against Django {django.get_version()} and sessionid on {engine}, "
        f"{len(differences)} differences (seed {seed})"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=500, metavar="N")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), metavar="N")
    parser.add_argument("--differences", type=int, default=5, metavar="N", help="how many to show before giving up")
    parser.add_argument("--settings", choices=SETTINGS, help="one group of settings instead of all", metavar="GROUP")
    parser.add_argument("--engine", choices=ENGINES, default="db", help="where the sessions are: %(choices)s")
    arguments = parser.parse_args()
    count, seed, engine = arguments.requests, arguments.seed, arguments.engine
    differences = compare(count, seed, arguments.differences, arguments.settings, engine)
    for number, difference in enumerate(differences, 1):
        print(f"difference {number} (seed {seed}) {difference}\n")
    print(summary(count, seed, differences, engine))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
