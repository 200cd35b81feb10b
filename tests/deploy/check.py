#!/usr/bin/env python3
"""deploy/ as it stands: a real nginx before two servers, of which one is killed and replaced under load.

    SESSIONID_MANAGE=target/debug/manage tests/with-postgresql python3 tests/deploy/check.py

Needs nginx, openssl, sqlite3 and systemd-analyze, which `tests/run` installs. Without TEST_POSTGRES_URL the servers share a
SQLite file.
"""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import closing
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DEPLOY = REPOSITORY / "deploy"
HOST = "www.example.com"
COOKIE = "__Host-sessionid"
CLIENTS = 16


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"nobody listens on {port}")


class Site:
    """What /srv/sessionid holds, and servers in it."""

    environment = {"PATH": os.environ["PATH"]}

    def __init__(self, folder):
        self.folder = folder
        for part in ("templates", "static"):
            shutil.copytree(REPOSITORY / part, folder / part)
        shutil.copy(DEPLOY / "settings.toml", folder)
        database = f"sqlite://{folder}/db.sqlite3"
        if server := os.environ.get("TEST_POSTGRES_URL"):
            # One that every PostgreSQL has; nothing else uses this one's table.
            database = f"{server}/postgres"
        (folder / ".env").touch(0o600)
        (folder / ".env").write_text(
            f"SECRET_KEY=k9-Lq-0z-mW7xP2v-RtY8bNc4HdSf6GjKuEoAiQw1XyZ3TrVe5\nDATABASE_URL={database}\n"
        )

    def command(self, *arguments):
        return [os.path.abspath(os.environ["SESSIONID_MANAGE"]), *arguments]

    def run(self, *arguments, environment=None):
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=environment or self.environment, capture_output=True, text=True
        )

    def serve(self, port, environment=None):
        log = (self.folder / f"{port}.log").open("ab")
        server = subprocess.Popen(
            self.command("runserver", f"127.0.0.1:{port}"), cwd=self.folder, stdout=log, stderr=log,
            env=environment or self.environment,
        )
        log.close()
        wait_for(port)
        return server


class Upstream(threading.Thread):
    """A server that reads a request, and dies before it answers."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as request:
                self.seen.append(request.readline().split()[0].decode())
                while request.readline().strip():
                    pass

    def close(self):
        # What ends an accept() that waits.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


class Deployment(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        # nginx's workers may run as another user.
        self.folder.chmod(0o755)
        self.ports = [free_port(), free_port()]
        self.tls, self.plain = free_port(), free_port()
        self.configure_nginx()

    # The tests are one client, and a busy one.
    rate = "100000r/s"

    def configure_nginx(self):
        certificate, key = self.folder / "site.pem", self.folder / "site.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
             "-keyout", str(key), "-out", str(certificate)],
            check=True, stderr=subprocess.DEVNULL,
        )
        site = (DEPLOY / "nginx.conf").read_text()
        for old, new in {
            "127.0.0.1:8001": f"127.0.0.1:{self.ports[0]}",
            "127.0.0.1:8002": f"127.0.0.1:{self.ports[1]}",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.tls} ssl;",
            "listen 443 ssl default_server;": f"listen 127.0.0.1:{self.tls} ssl default_server;",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 80 default_server;": f"listen 127.0.0.1:{self.plain} default_server;",
            "rate=50r/s": f"rate={self.rate}",
            f"/etc/ssl/certs/{HOST}.pem": str(certificate),
            f"/etc/ssl/private/{HOST}.key": str(key),
        }.items():
            self.assertEqual(site.count(old), 1, old)
            site = site.replace(old, new)
        temporary = "".join(
            f"{name}_temp_path {self.folder}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        self.nginx = self.folder / "nginx.conf"
        self.nginx.write_text(
            f"pid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\ndaemon off;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n"
        )

    def start_nginx(self):
        nginx = subprocess.Popen(["nginx", "-c", str(self.nginx)], stderr=subprocess.DEVNULL)
        self.addCleanup(stop, nginx)
        wait_for(self.tls)
        return nginx

    def serve(self):
        """Both servers, and nginx before them."""
        self.site = Site(self.folder / "site")
        self.servers = [self.site.serve(port) for port in self.ports]
        self.addCleanup(lambda: [stop(server) for server in self.servers])
        return self.start_nginx()

    def ask(self, method, path="/hello/world"):
        """The status of an answer on a connection of its own."""
        return self.answer(method, path).status

    def answer(self, method, path, **headers):
        with closing(connect(self.tls)) as connection:
            connection.request(method, path, headers={"Host": HOST, "Connection": "close", **headers})
            return connection.getresponse()

    def test_browsers_are_told_to_stay_with_https_whatever_the_answer(self):
        self.serve()
        for path in ["/hello/world", "/nothing/here"]:
            self.assertEqual(self.answer("GET", path).getheader("Strict-Transport-Security"), "max-age=31536000")

    def test_another_host_gets_no_answer(self):
        self.serve()
        for host in ["other.example", f"{HOST}.other.example", "127.0.0.1", ""]:
            with self.subTest(host=host), closing(http.client.HTTPConnection("127.0.0.1", self.plain)) as connection:
                connection.request("GET", "/hello/world", headers={"Host": host})
                # 400 for no host at all, which nginx says by itself.
                with self.assertRaises(http.client.RemoteDisconnected):
                    if connection.getresponse().status == 400 and not host:
                        raise http.client.RemoteDisconnected
            with self.subTest(sni=host), self.assertRaises(ssl.SSLError):
                context = ssl._create_unverified_context()
                with socket.create_connection(("127.0.0.1", self.tls), 20) as connection:
                    context.wrap_socket(connection, server_hostname=host or None)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.answer("GET", "/hello/world", Host="other.example")

    def test_a_client_with_too_many_requests_under_way_is_told_so(self):
        self.serve()
        statuses = []
        for _ in range(51):
            connection = self.enterContext(closing(connect(self.tls)))
            connection.putrequest("POST", "/hello/plain", skip_host=True)
            connection.putheader("Host", HOST)
            # A body that does not come.
            connection.putheader("Content-Length", "10")
            connection.endheaders()
            connection.sock.settimeout(0.05)
            try:
                statuses.append(connection.sock.recv(12))
            except TimeoutError:
                statuses.append(b"")
        self.assertEqual((statuses[:50], statuses[50:]), ([b""] * 50, [b"HTTP/1.1 429"]))

    def test_a_client_that_asks_too_often_is_told_so(self):
        self.rate = "50r/s"
        self.configure_nginx()
        self.serve()
        with closing(connect(self.tls)) as connection:
            statuses = []
            while 429 not in statuses and len(statuses) < 5000:
                connection.request("GET", "/hello/plain", headers={"Host": HOST})
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        self.assertEqual(set(statuses), {200, 429})
        self.assertGreater(len(statuses), 200, "a burst is no attack")

    def test_the_log_names_the_client_and_not_the_proxy_nor_what_the_client_says(self):
        self.serve()
        with closing(connect(self.tls, "127.0.0.2")) as connection:
            spoofed = {"X-Forwarded-For": "203.0.113.66", "Forwarded": "for=203.0.113.66"}
            connection.request("GET", "/nothing/here", headers={"Host": HOST, **spoofed})
            self.assertEqual(connection.getresponse().status, 404)
        logs = lambda: "".join((self.site.folder / f"{port}.log").read_text() for port in self.ports)  # noqa: E731
        deadline = time.monotonic() + 20
        while "/nothing/here" not in logs() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIn("Not Found: /nothing/here from 127.0.0.2", logs())

    def test_the_configuration_is_one(self):
        done = subprocess.run(["nginx", "-t", "-c", str(self.nginx)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_unit_is_one(self):
        text = (DEPLOY / "sessionid@.service").read_text()
        text = text.replace("/usr/local/bin/manage", os.path.abspath(os.environ["SESSIONID_MANAGE"]))
        self.assertEqual(self.said_of_unit(text), [])
        self.assertNotEqual(self.said_of_unit(text.replace("TimeoutStopSec=35", "TimeoutStopSec=soon")), [])

    def test_the_unit_gives_the_service_little(self):
        text = (DEPLOY / "sessionid@.service").read_text()
        self.assertLess(self.exposure(text), 3.0)
        self.assertGreater(self.exposure(re.sub(r"(?m)^(Protect|Restrict|SystemCall).*\n", "", text)), 3.0)
        for line in ["UMask=0077", "LimitNOFILE=4096", "SystemCallFilter=@system-service"]:
            self.assertIn(f"\n{line}\n", text)

    def exposure(self, text):
        unit = self.folder / "sessionid@8001.service"
        unit.write_text(text)
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)], capture_output=True, text=True
        )
        return float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)[1])

    def said_of_unit(self, text):
        """What systemd says of it; what it says of this machine's other units is left out."""
        unit = self.folder / "sessionid@8001.service"
        unit.write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
        return [line for line in done.stderr.splitlines() if "sessionid@" in line]

    def test_the_settings_pass_the_check_of_a_deployment(self):
        site = Site(self.folder / "site")
        done = site.run("check", "--deploy", "--fail-level", "WARNING")
        self.assertEqual((done.returncode, re.findall(r"\((\w+\.\w+)\)", done.stdout)), (0, ["sessionid.I003"]), done.stdout)
        (site.folder / ".env").chmod(0o644)
        self.assertIn("sessionid.W006", site.run("check", "--deploy").stdout)

    def test_plain_http_is_sent_to_https(self):
        self.serve()
        for host in [HOST, HOST.upper(), f"{HOST}:1234", f"{HOST}."]:
            with self.subTest(host=host), closing(http.client.HTTPConnection("127.0.0.1", self.plain, timeout=20)) as plain:
                plain.request("GET", "/hello/world?a=b", headers={"Host": host})
                answer = plain.getresponse()
                self.assertEqual((answer.status, answer.getheader("Location")), (301, f"https://{HOST}/hello/world?a=b"))

    def test_only_a_request_that_may_be_carried_out_twice_is_sent_twice(self):
        upstreams = [Upstream(port) for port in self.ports]
        self.addCleanup(lambda: [upstream.close() for upstream in upstreams])
        self.start_nginx()
        seen = lambda: sorted(upstreams[0].seen + upstreams[1].seen)  # noqa: E731
        self.assertEqual((self.ask("POST"), seen()), (502, ["POST"]))
        self.assertEqual((self.ask("GET"), seen()), (502, ["GET", "GET", "POST"]))

    def test_a_post_that_has_reached_nobody_is_sent_to_the_other_server(self):
        self.serve()
        self.servers[0].kill()
        self.servers[0].wait()
        # The view has no POST, which a server has to be there to say.
        self.assertEqual([self.ask("POST") for _ in range(20)], [405] * 20)

    def test_no_post_fails_while_a_server_is_taken_out_and_replaced(self):
        nginx = self.serve()
        whole = self.nginx.read_text()
        without = whole.replace("max_fails=3 fail_timeout=1s;", "down;", 1)
        self.assertNotEqual(without, whole)
        over, statuses = threading.Event(), []

        def post():
            while not over.is_set():
                statuses.append(self.ask("POST"))

        posters = [threading.Thread(target=post) for _ in range(4)]
        for poster in posters:
            poster.start()
        try:
            self.reload(nginx, without)
            stop(self.servers[0])
            self.servers[0] = self.site.serve(self.ports[0])
            self.reload(nginx, whole)
            time.sleep(0.5)
        finally:
            over.set()
            for poster in posters:
                poster.join()
        self.assertEqual(set(statuses), {405}, (self.folder / "error.log").read_text()[:6000])
        self.assertGreater(len(statuses), 20)

    def reload(self, nginx, configuration):
        """Gives nginx another configuration, and waits until the workers that had the one before are gone."""
        before = children(nginx.pid)
        self.nginx.write_text(configuration)
        nginx.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while before & children(nginx.pid):
            self.assertLess(time.monotonic(), deadline, "the old workers stay")
            time.sleep(0.01)

    def test_no_client_notices_that_a_server_is_killed_and_replaced(self):
        self.serve()
        over, problems, visits = threading.Event(), [], [0] * CLIENTS
        clients = [
            threading.Thread(target=visit, args=(self.tls, over, problems, visits, number)) for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        try:
            time.sleep(1.5)
            self.servers[0].kill()
            self.servers[0].wait()
            time.sleep(1.5)
            self.servers[0] = self.site.serve(self.ports[0])
            # nginx counts whole seconds, and comes back to a server that had failed after two of them.
            time.sleep(3.5)
            self.servers[1].terminate()
            self.servers[1].wait()
            time.sleep(1)
        finally:
            over.set()
            for client in clients:
                client.join()
        self.assertEqual(problems, [], (self.folder / "error.log").read_text()[:6000])
        self.assertGreater(min(visits), 20)


@unittest.skipUnless(os.environ.get("TEST_POSTGRES_URL"), "sessions move to PostgreSQL, and there is none")
class Moving(unittest.TestCase):
    def test_the_command_of_the_page_takes_the_sessions_along(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        site, page = Site(folder / "site"), (REPOSITORY / "docs/scaling.md").read_text()
        command = re.search(r"^```sh\n(sqlite3 .*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
        file, before = folder / "db.sqlite3", {**site.environment, "DATABASE_URL": f"sqlite://{folder}/db.sqlite3"}
        url = f"{os.environ['TEST_POSTGRES_URL']}/moving"
        environment = {**site.environment, "DATABASE_URL": url}
        server = os.environ["TEST_POSTGRES_URL"] + "/postgres"
        subprocess.run(["psql", "--quiet", server, "--command", "CREATE DATABASE moving"], check=True)
        # Where a date without a zone would be taken for local time.
        zone = "ALTER DATABASE moving SET TimeZone = 'Asia/Kolkata'"
        subprocess.run(["psql", "--quiet", server, "--command", zone], check=True)
        key = self.visit(site, before, None)[0]
        self.assertEqual(site.run("migrate", environment=environment).returncode, 0)
        moved = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], env={**environment, "SQLITE_FILE": str(file)},
            capture_output=True, text=True,
        )
        self.assertEqual((moved.returncode, moved.stdout), (0, "COPY 1\n"), moved.stderr)
        shown = [site.run("sessions", "show", key, environment=where).stdout for where in (before, environment)]
        self.assertEqual(*[re.search("expire_date  ([-0-9: ]+) UTC", text)[1] for text in shown])
        self.assertEqual(self.visit(site, environment, key), (key, 1))

    def visit(self, site, environment, key):
        """A visit to a server on a database: the session's key, and the counter that was shown."""
        port = free_port()
        server = site.serve(port, environment)
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
                cookie = {"Cookie": f"{COOKIE}={key}"} if key else {}
                connection.request("GET", "/hello/world", headers={"Host": HOST, **cookie})
                answer = connection.getresponse()
                found = re.search(rb"<b>(\d+)</b>", answer.read())
                return re.match(COOKIE + r"=([a-z0-9]+)", answer.getheader("Set-Cookie"))[1], int(found[1])
        finally:
            stop(server)


def children(pid):
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def connect(port, source=None):
    return Tls("127.0.0.1", port, timeout=20, source_address=source and (source, 0))


class Tls(http.client.HTTPConnection):
    """A connection to nginx for HOST, whose name stands in the TLS handshake."""

    def connect(self):
        super().connect()
        self.sock = ssl._create_unverified_context().wrap_socket(self.sock, server_hostname=HOST)


def visit(port, over, problems, visits, number):
    """Counts in a session of its own; every answer is a page, and the counter never falls behind."""
    with closing(connect(port)) as connection:
        count(connection, over, problems, visits, number)


def count(connection, over, problems, visits, number):
    cookie, expected = None, 0
    while not over.is_set():
        headers = {"Host": HOST, **({"Cookie": f"{COOKIE}={cookie}"} if cookie else {})}
        try:
            connection.request("GET", "/hello/world", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return problems.append(f"client {number}: {error!r}")
        found = re.search(rb"<b>(\d+)</b>", body)
        set_cookie = answer.getheader("Set-Cookie", "")
        if answer.status != 200 or not found or "Secure" not in set_cookie:
            return problems.append(f"client {number}: {answer.status} {set_cookie} {body[:200]}")
        counter = int(found[1])
        # A request whose server died after its COMMIT is sent to the other one, and counts twice.
        if not expected <= counter <= expected + 1:
            return problems.append(f"client {number}: {counter} instead of {expected}")
        expected = counter + 1
        cookie = re.match(COOKIE + r"=([a-z0-9]+)", set_cookie)[1]
        visits[number] += 1


def stop(process):
    if process.poll() is None:
        process.terminate()
    process.wait(40)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
