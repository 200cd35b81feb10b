"""Commands of either side on the sessions of both."""

from shared import BothServers, in_both_orders


@in_both_orders
class Commands(BothServers):
    def test_after_a_delete_by_rust_the_key_is_unknown(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = server.get("/hello/world").set_cookie().value
                self.rust.manage("sessions", "delete", key)
                self.assert_forgotten(key)
                self.assert_unknown(server, key)

    def test_clearsessions_of_either_side_removes_what_has_expired_and_nothing_else(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                expired, alive = (self.session_with(["set", "counter", 5]) for _ in range(2))
                self.database.expire(expired)
                server.manage("clearsessions")
                self.assert_forgotten(expired)
                self.assertEqual(self.decoded(alive), {"counter": 5})
