"""How long a session lives: what one side has set holds on the other, in the cookie and in the row alike."""

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import permutations

from shared import COOKIE_AGE, BothServers, in_both_orders

FAR = 86400 * 365 * 3

FIXED = {
    "a datetime": "2036-02-29T12:30:45.678901+00:00",
    "a datetime of whole seconds": "2036-02-29T12:30:45+00:00",
    "a datetime in another time zone": "2036-02-29T12:30:45.678901+05:30",
    "a timedelta": {"seconds": FAR},
}


class Moment:
    """The span between just before a request and just after it."""

    def __enter__(self):
        self.before = time.time()
        return self

    def __exit__(self, *exception):
        self.after = time.time()


@in_both_orders
class Expiry(BothServers):
    def test_a_fixed_expiry_stays_fixed_whoever_saves(self):
        for name, value in FIXED.items():
            for server in self.servers:
                with self.subTest(name, server=server.name):
                    key = self.session_with(["set_expiry", value])
                    date, untouched = self.database.row(key).expire_date, self.stored_json(key)
                    with Moment() as moment:
                        cookie = server.get("/hello/world", key).set_cookie()
                    self.assertEqual(self.database.row(key).expire_date, date)
                    self.assertEqual(self.stored_json(key), untouched.removesuffix("}") + ',"counter":1}')
                    self.assert_cookie_ends_with_row(cookie, key, moment)

    def test_an_integer_expiry_slides_with_every_save(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = self.session_with(["set_expiry", 1234])
                before = self.database.row(key).expire_date
                self.assert_lives(server, "/hello/world", key, 1234)
                self.assertGreater(self.database.row(key).expire_date, before)

    def test_reading_moves_no_expiry(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = self.session_with(["set_expiry", 1234])
                row = self.database.row(key)
                self.assertIsNone(server.get("/hello/world2", key).set_cookie())
                self.assertEqual(self.database.row(key), row)

    def test_a_session_of_browser_length_has_a_cookie_without_end_and_a_row_of_the_cookie_age(self):
        for poker, counter in permutations(self.servers):
            with self.subTest(poker=poker.name, counter=counter.name):
                key = poker.get("/hello/poke").set_cookie().value
                for server in [counter, poker]:
                    with Moment() as moment:
                        cookie = server.get("/hello/world", key).set_cookie()
                    self.assertEqual(cookie.text, f"sessionid={key}; HttpOnly; Path=/; SameSite=Lax")
                    self.assert_row_ends(key, COOKIE_AGE, moment)

    def test_a_session_without_an_expiry_of_its_own_follows_the_settings_again(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = self.session_with(["set_expiry", 0], ["set", "counter", 5])
                self.django.script(["set_expiry", None], key=key)
                self.assert_lives(server, "/hello/world", key, COOKIE_AGE)

    def test_a_new_session_lives_for_the_cookie_age(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                self.assert_lives(server, "/hello/world", None, COOKIE_AGE)

    def test_the_row_holds_its_date_in_djangos_own_text(self):
        for server in self.servers:
            with self.subTest(server=server.name):
                key = server.get("/hello/world").set_cookie().value
                # A date on a whole second has no fraction, which one save in a million meets.
                self.assertRegex(self.database.row(key).expire_date, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")
                columns, types = self.database.types
                statement = f"SELECT {columns} FROM django_session WHERE session_key = ?"
                self.assertEqual(self.database.execute(statement, key), [types])

    def assert_lives(self, server, path, key, age):
        """A save gives cookie and row this many seconds from now."""
        with Moment() as moment:
            cookie = server.get(path, key).set_cookie()
        self.assertEqual(cookie["Max-Age"], str(age))
        self.assert_between(seconds_of(cookie), moment.before + age - 1, moment.after + age)
        self.assert_row_ends(cookie.value, age, moment)

    def assert_row_ends(self, key, age, moment):
        # Dates hold microseconds, which the clock's own float may not.
        self.assert_between(self.end_of_row(key), moment.before + age - 0.001, moment.after + age + 0.001)

    def assert_cookie_ends_with_row(self, cookie, key, moment):
        end = self.end_of_row(key)
        self.assert_between(int(cookie["Max-Age"]), end - moment.after - 1, end - moment.before)
        # Both the age and the date are cut to whole seconds.
        self.assert_between(seconds_of(cookie), end - 2, end)

    def assert_between(self, value, least, most):
        self.assertTrue(least <= value <= most, f"{value} is not within {least} and {most}")

    def end_of_row(self, key):
        return datetime.fromisoformat(self.database.row(key).expire_date).replace(tzinfo=timezone.utc).timestamp()


def seconds_of(cookie):
    """The cookie's `expires`, in seconds since 1970."""
    return parsedate_to_datetime(cookie["expires"]).timestamp()
