"""Walks through the README as a newcomer: runs each command that it shows, and compares what is printed, in shape.

Two things differ from the page: the server takes a free port instead of 8000, and the database is a new one. The
command that runs all tests is left to itself, since this is one of them.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVE = "cargo run --release"
ALL_TESTS = "tests/run"
KEY = re.compile(r"\b[a-z0-9]{32}\b")


def blocks(text):
    """The fenced blocks in order, as (language, content)."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shape(line):
    """A line without what differs from one run to the next."""
    line = KEY.sub("KEY", line)
    line = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+ \w{3} \d+", "DAY", line)
    line = re.sub(r"[\d.]+", "N", line).replace("N s ago", "N s")
    return " ".join(line.split())


def assert_shape(command, expected, printed):
    """Every line of `expected` stands in `printed`, in that order."""
    lines = iter(printed.splitlines())
    for line in filter(str.strip, expected.splitlines()):
        if not any(shape(line) == shape(other) for other in lines):
            sys.exit(f"README: {command!r} does not print {line!r} (in shape) where the page shows it:\n{printed}")


class Newcomer:
    """Somebody with the page in front of them, who has visited the counter once."""

    def __init__(self, folder):
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite://{folder}/db.sqlite3",
            "SESSION_COOKIE_AGE": "59",
            "RUST_LOG": "error",
            # The same program, slower and sooner.
            "CARGO_PROFILE_RELEASE_LTO": "off",
            "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "256",
            "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        }
        self.key = None

    def serve(self):
        command = [*SERVE.split(), "--", "runserver", "127.0.0.1:0"]
        server = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            origin = next(line.split()[-1] for line in server.stdout if "http://" in line)
            for path in ("", "hello/plain", "hello/world2"):
                urllib.request.urlopen(origin + path).read()
            with urllib.request.urlopen(origin + "hello/world") as response:
                self.key = KEY.search(response.headers["Set-Cookie"])[0]
                assert b"Counter : <b>0</b>" in response.read()
        finally:
            server.send_signal(signal.SIGINT)
        code = server.wait(timeout=40)
        if code != 0:
            sys.exit(f"README: {SERVE!r} ends with {code}")

    def run(self, command):
        command = KEY.sub(self.key or "", command)
        done = subprocess.run(command, shell=True, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"README: {command!r} ends with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


def main():
    page = blocks((ROOT / "README.md").read_text())
    commands = 0
    with tempfile.TemporaryDirectory() as folder:
        newcomer = Newcomer(folder)
        for (language, content), (after, expected) in zip(page, [*page[1:], ("", "")]):
            if language != "sh":
                continue
            printed = ""
            for command in content.splitlines():
                if command == SERVE:
                    newcomer.serve()
                elif command == ALL_TESTS:
                    print(f"README: {ALL_TESTS!r} is left to itself")
                    continue
                else:
                    printed += newcomer.run(command)
                commands += 1
            if after == "text":
                assert_shape(content, expected, printed)
    print(f"README: {commands} commands run as shown")


if __name__ == "__main__":
    main()
