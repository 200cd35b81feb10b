#!/usr/bin/env python3
"""The Dockerfile, as far as it can be checked without an engine: hadolint reads it, what it copies suffices for the build, and
its health check passes on a server that works and fails without one.

    SESSIONID_MANAGE=target/debug/manage HADOLINT=hadolint python3 tests/deploy/dockerfile.py
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TEXT = (REPOSITORY / "Dockerfile").read_text()
PORT = "8000"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def command_of(instruction):
    """The JSON form of an instruction, the last one."""
    return json.loads(re.findall(rf"{instruction} (\[.*\])$", TEXT, re.MULTILINE)[-1])


class Dockerfile(unittest.TestCase):
    def test_hadolint_has_nothing_to_say(self):
        done = subprocess.run([os.environ["HADOLINT"], REPOSITORY / "Dockerfile"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_the_last_stage_is_not_roots(self):
        last = TEXT[TEXT.rindex("\nFROM ") :]
        self.assertEqual(re.findall(r"^USER (.*)$", last, re.MULTILINE), ["10001"])

    def test_what_is_copied_suffices_for_the_build(self):
        """Cargo reads the manifest and every target that it names, and finds them all."""
        kept = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        with tempfile.TemporaryDirectory() as folder:
            for name in kept:
                source, target = REPOSITORY / name, Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
            check = ["cargo", "check", "--quiet", "--locked", "--bin", "manage"]
            environment = os.environ | {"CARGO_TARGET_DIR": str(REPOSITORY / "target")}
            subprocess.run(check, cwd=folder, env=environment, check=True)

    def test_the_health_check_knows_a_server_that_works(self):
        port = free_port()
        health = [argument.replace(PORT, port) for argument in json.loads(re.search(r"CMD (\[\"bash.*\])$", TEXT, re.M)[1])]
        self.assertNotEqual(subprocess.run(health, capture_output=True).returncode, 0, "nobody is there")
        for hosts in ["www.example.com,example.org", ".example.com", "*"]:
            with self.subTest(hosts):
                self.serve_and_ask(port, hosts, health)

    def serve_and_ask(self, port, hosts, health):
        serve = [argument.replace(PORT, port) for argument in command_of("CMD")]
        with tempfile.TemporaryDirectory() as folder:
            environment = {
                "PATH": os.environ["PATH"],
                "SECRET_KEY": "a key for the check of the container",
                "ALLOWED_HOSTS": hosts,
            }
            manage = os.path.abspath(os.environ["SESSIONID_MANAGE"])
            server = subprocess.Popen([manage, *serve], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                self.assertTrue(any("Quit the server" in line for line in server.stdout))
                self.assertEqual(subprocess.run(health, env=environment, capture_output=True).returncode, 0)
            finally:
                server.terminate()
                _, said = server.communicate(timeout=40)
        self.assertEqual((server.returncode, said), (0, ""))


if __name__ == "__main__":
    unittest.main()
