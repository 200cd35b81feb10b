"""Set-Cookie and Vary are the same from both servers, attribute by attribute, but for the key and the time."""

import re
import time
from email.utils import parsedate_to_datetime

from shared import COOKIE_AGE, BothServers, in_both_orders

PATHS = ["/hello/world", "/hello/world2", "/hello/poke", "/hello/plain"]

SETTINGS = {
    "Django's own": {},
    "every attribute": {
        "SESSION_COOKIE_NAME": "key",
        "SESSION_COOKIE_DOMAIN": "example.com",
        "SESSION_COOKIE_PATH": "/hello",
        "SESSION_COOKIE_SECURE": "true",
        "SESSION_COOKIE_HTTPONLY": "false",
        "SESSION_COOKIE_SAMESITE": "Strict",
    },
    "for other sites": {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": "true"},
    "a prefixed name": {"SESSION_COOKIE_NAME": "__Host-sessionid", "SESSION_COOKIE_SECURE": "true"},
    "saved every time": {"SESSION_SAVE_EVERY_REQUEST": "true"},
    "until the browser closes": {"SESSION_EXPIRE_AT_BROWSER_CLOSE": "true"},
}


@in_both_orders
class Headers(BothServers):
    def test_every_view_answers_with_the_same_headers_to_every_kind_of_cookie(self):
        for name, settings in SETTINGS.items():
            django, rust = (self.another(server, **settings) for server in self.servers)
            for path in PATHS:
                for method in ["GET", "HEAD"]:
                    for cookie in ["none", "known", "unknown", "expired", "forged", "short", "empty"]:
                        with self.subTest(settings=name, path=path, method=method, cookie=cookie):
                            keys = self.key(cookie), self.key(cookie)
                            self.assertEqual(
                                self.headers(rust, method, path, keys[0]), self.headers(django, method, path, keys[1])
                            )

    def key(self, cookie):
        """The key that a client of this kind sends."""
        strange = {"none": None, "unknown": "thekeythataclientmadeupbyitself0", "short": "tooshrt", "empty": ""}
        if cookie in strange:
            return strange[cookie]
        key = self.session_with(["set", "counter", 5])
        if cookie == "expired":
            self.database.expire(key)
        if cookie == "forged":
            self.database.replace_data(key, "forged")
        return key

    def headers(self, server, method, path, key):
        """Status, Vary and Set-Cookie with key and time replaced by what they have to be."""
        earliest = int(time.time()) + COOKIE_AGE
        answer = server.request(method, path, key)
        cookie = answer.set_cookie()
        if cookie is None:
            return answer.status, answer.values("Vary"), None
        text = cookie.text
        if cookie["Max-Age"] == str(COOKIE_AGE):
            expires = parsedate_to_datetime(cookie["expires"]).timestamp()
            self.assertTrue(earliest <= expires <= time.time() + COOKIE_AGE, cookie)
            text = text.replace(cookie["expires"], "(in time)")
        known = "(as sent)" if cookie.value == key else "(new)"
        return answer.status, answer.values("Vary"), re.sub("=[a-z0-9]{32};", f"={known};", text, count=1)
