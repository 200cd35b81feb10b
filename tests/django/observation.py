"""What one server does with a request, told without its random keys and without its clock."""

import json
import re
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookies import _quote as quote

from payload import is_signed_with, json_text, packed, signed, signed_again, signed_at
from random_scripts import AGES, COOKIES, FORGERIES, MOMENTS, OLDER_KEYS, STORED, in_row, stored_form
from servers import SetCookie, exchange
from shared import SECRET_KEY

ISO_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?[+-]\d\d:\d\d"
# A date on a whole second has no fraction.
ROW_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")
FIXED_TEXTS = {stored_form(moment) for moment in MOMENTS}
FIXED_MOMENTS = {datetime.fromisoformat(moment) for moment in MOMENTS}
FIXED_DATES = {in_row(moment) for moment in MOMENTS}


class About:
    """A number of seconds that the two servers may see differently: they are not asked at the same moment."""

    TOLERANCE = 2

    def __init__(self, seconds):
        self.seconds = seconds

    def __eq__(self, other):
        return isinstance(other, About) and abs(self.seconds - other.seconds) <= self.TOLERANCE

    def __repr__(self):
        return f"about {self.seconds}"


class Side:
    """One server on an engine of its own."""

    def __init__(self, server, engine):
        self.server = server
        self.engine = engine
        self.cookie_name = server.environment.get("SESSION_COOKIE_NAME", "sessionid").encode()
        self.ages = {*AGES, int(server.environment["SESSION_COOKIE_AGE"])}

    def begin_anew(self):
        """Leaves only the planted sessions in the store."""
        self.engine.clear()
        for key in self.engine.planted:
            self.engine.put(key, self.signed({"name": key}, SECRET_KEY))
        self.keys = {key: key for key in self.engine.planted}
        self.rows = self.engine.rows()

    def signed(self, data, key):
        return signed(data, key, self.engine.salt)

    def tamper(self, kind, whose, argument):
        key = self.keys.get(whose)
        if kind == "delete":
            self.engine.delete(key)
        elif kind == "expire":
            self.engine.expire(key)
        elif kind == "last until":
            self.engine.last_until(key, argument)
        elif kind == "forge":
            self.engine.replace(key, FORGERIES[argument])
        else:
            # Each of the keys that the server knows has signed some of them.
            self.engine.replace(key, self.signed(STORED[argument], [SECRET_KEY, *OLDER_KEYS][argument % 3]))

    def ask(self, request):
        """Sends a request, and returns all that is to be compared."""
        if request.tampering:
            self.tamper(*request.tampering)
            self.rows = self.engine.rows()
        kind, whose = request.cookie
        cookie = COOKIES[kind](self.cookie_name, quote(self.keys.get(whose, "akeythatnobodyhas")).encode("latin-1"))
        headers = {"Cookie": cookie} if cookie is not None else {}
        self.before = time.time()
        answer = exchange(self.server.port, "POST", "/script", request.body(), {"Connection": "close", **headers})
        self.after = time.time()
        return self.observe(request, answer)

    def observe(self, request, answer):
        before, self.rows = self.rows, self.engine.rows()
        cookies = [SetCookie(text) for text in answer.values("Set-Cookie")]
        self.name_new_keys(request.number, before, cookies)
        names = {key: name for name, key in self.keys.items()}
        written = [key for key, row in self.rows.items() if differ(before.get(key), row)]
        return {
            "status": answer.status,
            "results": self.results(request, answer),
            "Set-Cookie": [self.cookie(cookie) for cookie in cookies],
            "Vary": answer.values("Vary"),
            "rows": sorted((names[key] for key in self.rows), key=str),
            "changed rows": {names[key]: self.row(*self.rows[key]) for key in written},
        }

    def name_new_keys(self, number, before, cookies):
        sent = {cookie.value for cookie in cookies if re.fullmatch("[a-z0-9]{32}", cookie.value)}
        new = (sent | self.rows.keys()) - set(self.keys.values())
        assert len(new) <= 1, f"one request has made the keys {new}"
        for key in new:
            self.keys[number] = key
            assert re.fullmatch("[a-z0-9]{32}", key), key

    def results(self, request, answer):
        if answer.values("Content-Type")[:1] != ["application/json"]:
            return None
        results = answer.json()
        # `expiry_age` and `expiry_date` tell an end, whatever they tell it by.
        names = [operation[0] for operation in request.operations]
        return [self.result(name, result) for name, result in zip(names, results, strict=False)] + results[len(names) :]

    def result(self, name, result):
        if name == "expiry_age" and isinstance(result, int) and result not in self.ages:
            return About(result)
        if name == "expiry_date" and isinstance(result, str):
            date = datetime.fromisoformat(result)
            return str(date.astimezone(timezone.utc)) if date in FIXED_MOMENTS else self.end(date)
        if name == "session_key" and result is not None:
            return self.key_shown(result)
        return self.without_moments(json.dumps(result))

    def key_shown(self, key):
        """The key that the script saw, by the name that cookie and rows know it under."""
        if key in self.rows:
            return {name_of: name for name, name_of in self.keys.items()}[key]
        return "a key without a row"

    def cookie(self, cookie):
        """The cookie with a name for its key, its attributes in their order, and the end in relation to the clock."""
        names = {quote(key): name for name, key in self.keys.items()}
        attributes = [(name, self.attribute(cookie, name, value)) for name, value in cookie.attributes]
        return [cookie.name, names.get(cookie.value, cookie.value), *attributes]

    def attribute(self, cookie, name, value):
        if name == "Max-Age" and int(value) not in self.ages:
            return About(int(value))
        if name == "expires" and cookie.value != '""':
            shift = parsedate_to_datetime(value).timestamp() - int(cookie["Max-Age"])
            assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", value), value
            if int(self.before) <= shift <= int(self.after):
                return "in Max-Age seconds"
            return f"{shift - self.before:+.2f} s beside Max-Age seconds"
        return value

    def row(self, session_data, expire_date):
        """A row that was written: the payload inside with its keys in their order, and when it ends."""
        if not is_signed_with(session_data, SECRET_KEY):
            return ["not signed", session_data]
        on_time = not self.engine.signs or int(self.before) <= signed_at(session_data) <= int(self.after)
        return ["signed" if on_time else "signed at another time", *self.payload(session_data), self.date(expire_date)]

    def payload(self, session_data):
        """The JSON text, character by character but for the dates that the clock has decided."""
        return self.without_moments(json_text(session_data))

    def without_moments(self, text):
        moments = [moment for moment in re.findall(f'"({ISO_DATE})"', text) if moment not in FIXED_TEXTS]
        for moment in moments:
            text = text.replace(moment, "(a moment)")
        return [text, *(About(datetime.fromisoformat(moment).timestamp()) for moment in moments)]

    def date(self, text):
        assert ROW_DATE.fullmatch(text), text
        return text if text in FIXED_DATES else self.end(datetime.fromisoformat(text).replace(tzinfo=timezone.utc))

    def end(self, date):
        """Exactly so many seconds from now, when it is an age that slides."""
        seconds, tolerance = date.timestamp(), self.engine.tolerance
        for age in self.ages:
            if self.before + age - tolerance <= seconds <= self.after + age + tolerance:
                return f"{age} s from now"
        return About(seconds)


class CookieSide(Side):
    """One server that keeps nothing: a key is a cookie with all that is in it, and changes with each save."""

    def begin_anew(self):
        self.keys = {name: self.signed({"name": name}, SECRET_KEY) for name in self.engine.planted}
        self.rows = {}

    def tamper(self, kind, whose, argument):
        if whose not in self.keys:
            return
        key = self.keys[whose]
        self.keys[whose] = {
            "delete": lambda: "akeythatnobodyhas",
            "expire": lambda: signed_again(key, SECRET_KEY, self.engine.salt, 0),
            "last until": lambda: signed_again(key, SECRET_KEY, self.engine.salt, int(time.time()) - 1000),
            "forge": lambda: FORGERIES[argument],
            "store": lambda: self.signed(STORED[argument], [SECRET_KEY, *OLDER_KEYS][argument % 3]),
        }[kind]()

    def name_new_keys(self, number, before, cookies):
        for cookie in cookies:
            if cookie.value != '""':
                self.keys[number] = cookie.value

    def key_shown(self, key):
        for secret in [SECRET_KEY, *OLDER_KEYS]:
            if is_signed_with(key, secret, self.engine.salt):
                return [secret, *self.payload(key)]
        return "nothing that is signed"

    def cookie(self, cookie):
        attributes = [(name, self.attribute(cookie, name, value)) for name, value in cookie.attributes]
        if cookie.value == '""':
            return [cookie.name, cookie.value, *attributes]
        assert int(self.before) <= signed_at(cookie.value) <= int(self.after), cookie
        return [cookie.name, self.key_shown(cookie.value), *attributes]


def side(server, engine):
    return (Side if engine.keeps else CookieSide)(server, engine)


def differ(before, after):
    """Whether a row says something else than before. When it was signed is nothing that it says."""
    if before is None or before == after:
        return before is None
    return meaning(*before) != meaning(*after)


def meaning(session_data, expire_date):
    return packed(session_data), is_signed_with(session_data, SECRET_KEY), expire_date
