"""Which Host both servers answer to: hundreds of odd ones, none, and two."""

import itertools
import socket
import unittest

from servers import ANSWER_SECONDS, DjangoServer, RustServer
from shared import BothServers

DOMAINS = [
    "", ".", "..", "-", "a", "A.EXAMPLE.com", "example.com", "example.com.", "example.com..", ".example.com",
    "www.example.com", "notexample.com", "example_com", "example.com/", "a@example.com", "example.com,example.com",
    "example com", "example.com\t", "ex\u00e4mple.com", "xn--exmple-cua.com", "localhost", "LOCALHOST.", "127.0.0.1",
    "127.0.0.01", "2130706433", "::1", "::1]", "[::1", "[::1]", "[::1].", "[::1]x", "x[::1]", "[[::1]]", "[]", "[:]",
    "[::]", "[.:1]", "[f.:1]", "[:.]", "[:1]", "[1:]", "[1]", "[f:.]", "[::G]", "[::A]", "[::ffff:127.0.0.1]",
    "[fe80::1%eth0]", "[1:2:3:4:5:6:7:8:9]", "*", "%31", "example.com#", "example.com?", "\\", "\"localhost\"",
]
PORTS = ["", ":", ":80", ":0", ":65536", ":00000000080", ":8a", ":-1", ":+80", ": 80", ":80:80", ":\u0663"]
PATTERNS = ["*", ".example.com,localhost,[::1],[1:2:3:4:5:6:7:8],127.0.0.1", "Example.COM,a"]


def status(port, head):
    """The status of the answer to a request head as it stands."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection:
        connection.sendall(head)
        line = connection.makefile("rb").readline().split()
        return int(line[1]) if line else None


class Hosts(BothServers, unittest.TestCase):
    # Who creates the table is all the same here.
    order = DjangoServer, RustServer

    def test_both_servers_answer_to_the_same_hosts(self):
        for patterns in PATTERNS:
            servers = [self.another(server, ALLOWED_HOSTS=patterns) for server in self.servers]
            for domain, port in itertools.product(DOMAINS, PORTS):
                host = (domain + port).encode()
                with self.subTest(patterns=patterns, host=host):
                    head = b"GET /hello/plain HTTP/1.0\r\nHost: " + host + b"\r\n\r\n"
                    django, rust = (status(server.port, head) for server in servers)
                    self.assertIn(django, (200, 400))
                    self.assertEqual(rust, django)

    def test_a_request_of_http_1_0_without_a_host_is_for_the_server_itself(self):
        expected = {None: 200, "localhost": 200, "127.0.0.1": 400, "www.example.com": 400, "*": 200}
        for patterns, answer in expected.items():
            with self.subTest(patterns=patterns):
                settings = {} if patterns is None else {"ALLOWED_HOSTS": patterns}
                servers = [self.another(server, **settings) for server in self.servers]
                head = b"GET /hello/plain HTTP/1.0\r\n\r\n"
                self.assertEqual([status(server.port, head) for server in servers], [answer, answer])

    def test_an_empty_host_and_two_hosts_are_none(self):
        servers = [self.another(server, ALLOWED_HOSTS="*") for server in self.servers]
        for hosts in [b"Host:\r\n", b"Host: localhost\r\nHost: localhost\r\n"]:
            with self.subTest(hosts=hosts):
                head = b"GET /hello/plain HTTP/1.0\r\n" + hosts + b"\r\n"
                self.assertEqual([status(server.port, head) for server in servers], [400, 400])


if __name__ == "__main__":
    unittest.main()
