"""A session that one side has ended is over on the other side too, and nothing brings it back."""

from concurrent.futures import ThreadPoolExecutor

from payload import signed
from shared import DELETED, SECRET_KEY, BothServers, in_both_orders


@in_both_orders
class Flush(BothServers):
    def test_after_a_flush_by_django_the_key_is_unknown(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = server.get("/hello/world").set_cookie().value
                self.assertEqual(self.django.get("/flush", key).set_cookie().text, DELETED)
                self.assert_forgotten(key)
                self.assert_unknown(server, key)
                self.assert_forgotten(key)

    def test_an_expired_session_is_unknown(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = self.session_with(["set", "counter", 5])
                self.database.expire(key)
                self.assert_unknown(server, key)

    def test_a_key_that_no_server_gave_is_never_adopted(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = "thekeythataclientmadeupbyitself0"
                self.assert_unknown(server, key)
                self.assert_forgotten(key)


@in_both_orders
class Overlap(BothServers):
    def test_a_request_that_a_flush_overtakes_is_interrupted_and_brings_nothing_back(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                # A request that only comes after the flush meets an unknown key: try again until one is overtaken.
                for _ in range(20):
                    key = self.session_with(["set", "counter", 5])
                    answer = self.overtaken(server, key, "DELETE FROM django_session WHERE session_key = ?", key)
                    self.assert_forgotten(key)
                    if answer.status == 400:
                        break
                    self.assertEqual((answer.status, answer.counter()), (200, 0))
                self.assertEqual((answer.status, answer.set_cookie()), (400, None))

    def test_a_crowd_of_requests_never_outlives_a_flush(self):
        for _ in range(5):
            key = self.session_with(["set", "counter", 0])
            with ThreadPoolExecutor() as crowd:
                early = [crowd.submit(server.get, "/hello/world", key) for server in self.servers * 3]
                flush = crowd.submit(self.django.get, "/flush", key)
                late = [crowd.submit(server.get, "/hello/world", key) for server in self.servers * 3]
            self.assertEqual(flush.result().status, 200)
            self.assert_forgotten(key)
            for request in early + late:
                self.assertIn(request.result().status, [200, 400], request.result())

    def test_rust_counts_on_from_what_django_stored_while_the_request_ran(self):
        key = self.session_with(["set", "counter", 5])
        meanwhile = signed({"counter": 70, "cart": [1]}, SECRET_KEY)
        statement = "UPDATE django_session SET session_data = ? WHERE session_key = ?"
        self.assertEqual(self.overtaken(self.rust, key, statement, meanwhile, key).status, 200)
        self.assertEqual(self.decoded(key), {"counter": 71, "cart": [1]})

    def overtaken(self, server, key, statement, *parameters):
        """The answer to a counter request whose save waits for the lock until `statement` is committed."""
        with self.database.connect() as writer, ThreadPoolExecutor() as client:
            writer.execute(self.database.begin)
            writer.execute(statement, parameters)
            answer = client.submit(server.get, "/hello/world", key)
            # Reads do not wait for the lock; once these are answered, the request before them has read its session.
            for _ in range(5):
                self.assertEqual(server.get("/hello/world2", key).counter(), 5)
            writer.execute("COMMIT")
            return answer.result()
