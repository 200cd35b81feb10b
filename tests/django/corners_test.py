"""The corners of Django's rules that a reader of its documentation would not guess, each asked of Django and of Rust."""

import http.client
import tempfile
import unittest
from functools import wraps

from servers import DjangoServer, RustScriptServer
from shared import DELETED, new_database

UNKNOWN = "thekeythataclientmadeupbyitself0"


def asked_of(servers):
    """Makes a test of one server a test of each of these servers of the class, on an empty table."""

    def decorate(test):
        @wraps(test)
        def run(self):
            for server in getattr(self, servers):
                with self.subTest(server=server.name):
                    self.database.execute("DELETE FROM django_session")
                    test(self, server)

        return run

    return decorate


asked_of_each = asked_of("servers")
asked_of_each_that_saves_every_time = asked_of("saving_servers")


class Corners(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.database = new_database(cls.enterClassContext(tempfile.TemporaryDirectory()))
        DjangoServer(cls.environment()).manage("migrate")
        cls.servers = [cls.enterClassContext(kind(cls.environment())) for kind in [DjangoServer, RustScriptServer]]
        cls.saving_servers = [
            cls.enterClassContext(kind(cls.environment(SESSION_SAVE_EVERY_REQUEST="true")))
            for kind in [DjangoServer, RustScriptServer]
        ]

    @classmethod
    def environment(cls, **settings):
        # Without DEBUG, an error is answered without a page about it.
        return cls.database.environment(DEBUG="false", ALLOWED_HOSTS="127.0.0.1", **settings)

    # A cookie that names no live session

    @asked_of_each
    def test_an_unknown_or_expired_cookie_and_an_untouched_session_change_nothing(self, server):
        for key in [UNKNOWN, self.expired(server)]:
            self.assert_answer(server.script(key=key), 200, cookie=None, vary=[])

    @asked_of_each
    def test_a_look_at_a_session_that_is_not_there_deletes_the_cookie(self, server):
        for key in [UNKNOWN, self.expired(server)]:
            for look in [["get", "a"], ["has_key", "a"], ["keys"], ["expiry_age"], ["pop", "a", None], ["del", "a"]]:
                self.assert_answer(server.script(look, key=key), 200, cookie=DELETED, vary=["Cookie"])

    @asked_of_each
    def test_modified_alone_gives_an_unknown_or_expired_session_a_new_row_and_key(self, server):
        for key in [UNKNOWN, self.expired(server)]:
            answer = server.script(["modified"], key=key)
            self.assert_answer(answer, 200, cookie="new", vary=["Cookie"], sent=key)
            self.assertEqual(self.decoded(server, answer.set_cookie().value), {})

    @asked_of_each
    def test_a_change_gives_an_unknown_or_expired_session_a_new_row_and_key(self, server):
        for key in [UNKNOWN, self.expired(server)]:
            answer = server.script(["set", "a", 2], key=key)
            self.assert_answer(answer, 200, cookie="new", vary=["Cookie"], sent=key)
            self.assertEqual(self.decoded(server, answer.set_cookie().value), {"a": 2})

    @asked_of_each
    def test_to_clear_an_unknown_session_is_an_interruption(self, server):
        self.assert_answer(server.script(["clear"], key=UNKNOWN), 400, cookie=None)
        self.assert_answer(server.script(["clear"], ["set", "a", 1], key=UNKNOWN), 400, cookie=None)
        self.assertEqual(self.database.count(), 0)

    @asked_of_each
    def test_to_clear_an_expired_session_revives_its_row_under_its_key(self, server):
        key = self.expired(server)
        answer = server.script(["clear"], ["set", "b", 2], key=key)
        self.assert_answer(answer, 200, cookie=key, vary=["Cookie"])
        self.assertEqual(self.decoded(server, key), {"b": 2})

    @asked_of_each
    def test_a_key_under_eight_characters_is_deleted_even_untouched(self, server):
        for key in ["", "1234567"]:
            self.assert_answer(server.script(key=key), 200, cookie=DELETED, vary=["Cookie"])
        self.assert_answer(server.script(key="12345678"), 200, cookie=None, vary=[])

    @asked_of_each
    def test_to_flush_an_unknown_session_deletes_the_cookie(self, server):
        self.assert_answer(server.script(["flush"], key=UNKNOWN), 200, cookie=DELETED, vary=["Cookie"])

    # SESSION_SAVE_EVERY_REQUEST

    @asked_of_each_that_saves_every_time
    def test_saved_every_time_an_unknown_and_untouched_session_gets_a_new_row_and_cookie(self, server):
        answer = server.script(key=UNKNOWN)
        self.assert_answer(answer, 200, cookie="new", vary=["Cookie"], sent=UNKNOWN)
        self.assertEqual(self.decoded(server, answer.set_cookie().value), {})

    @asked_of_each_that_saves_every_time
    def test_saved_every_time_a_look_at_an_unknown_session_deletes_the_cookie(self, server):
        self.assert_answer(server.script(["get", "a"], key=UNKNOWN), 200, cookie=DELETED, vary=["Cookie"])
        self.assertEqual(self.database.count(), 0)

    @asked_of_each_that_saves_every_time
    def test_saved_every_time_a_visitor_without_a_cookie_gets_none(self, server):
        self.assert_answer(server.script(), 200, cookie=None, vary=[])
        self.assertEqual(self.database.count(), 0)

    @asked_of_each_that_saves_every_time
    def test_saved_every_time_an_untouched_session_is_saved_but_not_on_an_error(self, server):
        key = self.new(server)
        before = self.database.row(key)
        self.assert_answer(server.script(["status", 500], key=key), 500, cookie=None, vary=[])
        self.assertEqual(self.database.row(key), before)
        self.assert_answer(server.script(key=key), 200, cookie=key, vary=["Cookie"])
        self.assertGreater(self.database.row(key).expire_date, before.expire_date)

    # Errors

    @asked_of_each
    def test_an_error_saves_nothing_but_varies(self, server):
        key = self.new(server)
        before = self.database.row(key)
        for operation in [["set", "a", 2], ["clear"], ["update", {}]]:
            answer = server.script(operation, ["status", 500], key=key)
            self.assert_answer(answer, 500, cookie=None, vary=["Cookie"])
            self.assertEqual(self.database.row(key), before)

    @asked_of_each
    def test_after_cycle_key_and_an_error_the_old_row_is_gone_all_the_same(self, server):
        key = self.new(server)
        answer = server.script(["set", "b", 2], ["cycle_key"], ["set", "c", 3], ["status", 500], key=key)
        self.assert_answer(answer, 500, cookie=None, vary=["Cookie"])
        self.assertIsNone(self.database.row(key))
        ((moved,),) = self.database.execute("SELECT session_key FROM django_session")
        # What was changed after the move is not saved.
        self.assertEqual(self.decoded(server, moved), {"a": 1, "b": 2})

    @asked_of_each
    def test_after_flush_and_an_error_the_old_row_is_gone_and_so_is_the_cookie(self, server):
        key = self.new(server)
        self.assert_answer(server.script(["flush"], ["status", 500], key=key), 500, cookie=DELETED, vary=["Cookie"])
        self.assertEqual(self.database.count(), 0)
        key = self.new(server)
        answer = server.script(["flush"], ["set", "b", 2], ["status", 500], key=key)
        self.assert_answer(answer, 500, cookie=None, vary=["Cookie"])
        self.assertEqual(self.database.count(), 0)

    @asked_of_each
    def test_an_expiry_that_tells_no_end_is_an_error_that_saves_nothing_and_does_not_vary(self, server):
        key = self.new(server)
        before = self.database.row(key)
        for status in [200, 404, 500, 503]:
            for value in ["tomorrow", "2036-02-29T12:30:45", [1], 10**12]:
                script = [["set", "_session_expiry", value], ["status", status]]
                self.assert_answer(server.script(*script, key=key), 500, cookie=None, vary=[])
                self.assertEqual(self.database.row(key), before)
        # Here `set_expiry` itself refuses it, and the 500 is the view's.
        self.assert_answer(server.script(["clear"], ["set_expiry", 10**12], key=UNKNOWN), 500, cookie=None)

    @asked_of_each
    def test_after_cycle_key_and_an_expiry_that_tells_no_end_the_old_row_is_gone_all_the_same(self, server):
        key = self.new(server)
        answer = server.script(["cycle_key"], ["set", "_session_expiry", 10**12], key=key)
        self.assert_answer(answer, 500, cookie=None, vary=[])
        self.assertIsNone(self.database.row(key))
        ((moved,),) = self.database.execute("SELECT session_key FROM django_session")
        self.assertEqual(self.decoded(server, moved), {"a": 1})

    @asked_of_each
    def test_an_end_outside_of_the_years_1_to_9999_in_utc_is_an_error_that_saves_nothing(self, server):
        for moment in ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"]:
            self.assert_answer(server.script(["set_expiry", moment]), 500, cookie=None)
            self.assertEqual(self.database.count(), 0)

    # What counts as a look, and as a change

    @asked_of_each
    def test_a_look_varies_and_saves_nothing(self, server):
        key = self.new(server)
        before = self.database.row(key)
        looks = [["get", "a"], ["has_key", "b"], ["items"], ["expiry_date"], ["at_browser_close"], ["setdefault", "a", 2]]
        looks += [["pop", "b"], ["pop", "b", 1], ["del", "b"], ["set_expiry", None], ["test_cookie", "delete"]]
        for look in looks:
            self.assert_answer(server.script(look, key=key), 200, cookie=None, vary=["Cookie"])
            self.assertEqual(self.database.row(key), before)

    @asked_of_each
    def test_is_empty_is_no_look(self, server):
        for key, empty in [(self.new(server), False), (UNKNOWN, False), (None, True)]:
            answer = server.script(["is_empty"], key=key)
            self.assert_answer(answer, 200, cookie=None, vary=[])
            self.assertEqual(answer.json(), [empty])
        # A look has shown that there is no such session.
        self.assertEqual(server.script(["get", "a"], ["is_empty"], key=UNKNOWN).json(), [None, True])

    @asked_of_each
    def test_an_update_with_nothing_is_a_change(self, server):
        key = self.new(server)
        self.assert_answer(server.script(["update", {}], key=key), 200, cookie=key, vary=["Cookie"])
        self.assert_answer(server.script(["update", {}]), 200, cookie=None, vary=["Cookie"])

    @asked_of_each
    def test_a_key_that_is_missing_is_an_error_that_changes_nothing(self, server):
        answer = server.script(["del", "a"], ["pop", "a"], ["pop", "a", None], ["test_cookie", "delete"])
        self.assert_answer(answer, 200, cookie=None, vary=["Cookie"])
        self.assertEqual(answer.json(), ["KeyError", "KeyError", None, "KeyError"])

    @asked_of_each
    def test_an_emptied_session_keeps_its_row_and_cookie(self, server):
        key = self.new(server)
        for operation in [["del", "a"], ["clear"], ["modified"]]:
            self.assert_answer(server.script(operation, key=key), 200, cookie=key, vary=["Cookie"])
            self.assertEqual(self.decoded(server, key), {})

    @asked_of_each
    def test_a_new_session_that_is_emptied_again_is_never_begun(self, server):
        self.assert_answer(server.script(["set", "a", 1], ["del", "a"]), 200, cookie=None, vary=["Cookie"])
        self.assert_answer(server.script(["modified"]), 200, cookie=None, vary=[])
        self.assertEqual(self.database.count(), 0)

    @asked_of_each
    def test_cycle_key_begins_a_session_even_without_data(self, server):
        answer = server.script(["cycle_key"])
        self.assert_answer(answer, 200, cookie="new", vary=["Cookie"])
        self.assertEqual(self.decoded(server, answer.set_cookie().value), {})

    @asked_of_each
    def test_a_negative_age_is_sent_and_stored_as_it_is(self, server):
        answer = server.script(["set_expiry", -10])
        self.assertEqual(answer.set_cookie()["Max-Age"], "-10")
        self.assert_answer(server.script(["get", "a"], key=answer.set_cookie().value), 200, cookie=DELETED)

    # The Cookie header

    @asked_of_each
    def test_the_last_of_two_cookies_of_one_name_counts(self, server):
        key = self.new(server)
        self.assertEqual(self.with_cookies(server, f"sessionid={UNKNOWN}; sessionid={key}".encode()), b"[1]")
        self.assertNotEqual(self.with_cookies(server, f"sessionid={key}; sessionid={UNKNOWN}".encode()), b"[1]")
        self.assertNotEqual(self.with_cookies(server, f"sessionid={key}; sessionid=".encode()), b"[1]")

    @asked_of_each
    def test_a_bad_byte_or_a_bad_cookie_spoils_nothing_else(self, server):
        cookie = b"sessionid=" + self.new(server).encode()
        for junk in [b"\xff\xfe", b"a=\x80", b"=", b";;", b'b="', b"\xc3=\xe2\x28", b"a=%ZZ", b"sessionid2=x"]:
            self.assertEqual(self.with_cookies(server, junk + b"; " + cookie), b"[1]", junk)
            self.assertEqual(self.with_cookies(server, cookie + b"; " + junk), b"[1]", junk)

    @asked_of_each
    def test_a_quoted_value_is_unquoted_and_a_percent_sign_stands_for_itself(self, server):
        key = self.new(server)
        octal = "".join(f"\\{ord(character):03o}" for character in key)
        for value in [f'"{key}"', f'"{octal}"']:
            self.assertEqual(self.with_cookies(server, f"sessionid={value}".encode()), b"[1]")
        self.assertEqual(self.with_cookies(server, f"sessionid=%{ord(key[0]):02X}{key[1:]}".encode()), b"[null]")

    # Vocabulary

    def new(self, server):
        """The key of a new session that holds `{"a": 1}`."""
        return server.script(["set", "a", 1]).set_cookie().value

    def expired(self, server):
        key = self.new(server)
        self.database.expire(key)
        return key

    def decoded(self, server, key):
        return dict(server.script(["items"], key=key).json()[0])

    def with_cookies(self, server, header):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        self.addCleanup(connection.close)
        connection.request("POST", "/script", '[["get", "a"]]', {"Cookie": header, "Connection": "close"})
        return connection.getresponse().read()

    def assert_answer(self, answer, status, cookie, vary=None, sent=None):
        """`cookie` is a key, "new" for a key other than `sent`, a whole Set-Cookie, or None for none."""
        self.assertEqual(answer.status, status, answer)
        if vary is not None:
            self.assertEqual(answer.values("Vary"), vary, answer)
        found = answer.set_cookie()
        if cookie is None or cookie == DELETED:
            self.assertEqual(found and found.text, cookie, answer)
        elif cookie == "new":
            self.assertRegex(found.value, "^[a-z0-9]{32}$")
            self.assertNotEqual(found.value, sent)
        else:
            self.assertEqual(found.value, cookie, answer)


if __name__ == "__main__":
    unittest.main()
