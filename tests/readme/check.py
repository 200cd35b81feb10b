"""Walks through the README and docs/commands.md as a newcomer: runs each command that they show, and compares what is
printed, in shape.

What differs from the pages: the servers take free ports, the database is a new one, what the newcomer clones is already here,
and the crate that uses the library takes it from here instead of from crates.io.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "docs/commands.md"]
SERVE = "cargo run --release"
CLONE = ("git clone ", "cd sessionid")
CRATE = "visits"
KEY = re.compile(r"\b[a-z0-9]{32}\b")


def blocks(text):
    """The fenced blocks in order, as (language, content)."""
    return re.findall(r"^```([\w,]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


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
            sys.exit(f"{command!r} does not print {line!r} (in shape) where the page shows it:\n{printed}")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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

    def use_the_library(self, commands, program):
        """Makes the crate that the page makes, with its program, and visits that twice."""
        origin = f"127.0.0.1:{free_port()}"
        commands = commands.replace("cargo add sessionid", f"cargo add --path {ROOT} sessionid")
        environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target" / "readme"), "CARGO_TERM_QUIET": "true"}
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["sh", "-ec", commands], cwd=folder, env=environment, check=True)
            crate = Path(folder, CRATE)
            (crate / "src/main.rs").write_text(program.replace("127.0.0.1:8080", origin))
            subprocess.run(["cargo", "build"], cwd=crate, env=environment, check=True)
            server = subprocess.Popen([ROOT / "target" / "readme" / "debug" / CRATE], cwd=crate)
            try:
                self.visit_twice(origin)
            finally:
                server.terminate()
                server.wait(timeout=40)

    def visit_twice(self, origin):
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        deadline = time.monotonic() + 20
        while True:
            try:
                said = [browser.open(f"http://{origin}/").read().decode() for _ in range(2)]
                break
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        if said != ["Visit 1\n", "Visit 2\n"]:
            sys.exit(f"README: the program answers {said}")

    def run(self, command):
        command = KEY.sub(self.key or "", command)
        done = subprocess.run(command, shell=True, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{command!r} ends with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


def walk(newcomer, page):
    """Runs the commands of one page, and tells how many they were."""
    found = blocks((ROOT / page).read_text())
    commands = 0
    for (language, content), (after, expected) in zip(found, [*found[1:], ("", "")]):
        if language != "sh":
            continue
        if content.startswith("cargo new "):
            newcomer.use_the_library(content, expected)
            commands += len(content.splitlines())
            continue
        printed = ""
        for command in content.splitlines():
            if command.startswith(CLONE):
                continue
            if command == SERVE:
                newcomer.serve()
            else:
                printed += newcomer.run(command)
            commands += 1
        if after == "text":
            assert_shape(content, expected, printed)
    return commands


def main():
    commands = 0
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            newcomer = Newcomer(folder)
            if page != PAGES[0]:
                newcomer.serve()
            commands += walk(newcomer, page)
    print(f"{commands} commands of {' and '.join(PAGES)} run as shown")


if __name__ == "__main__":
    main()
