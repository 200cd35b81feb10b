"""A Django project in one file: the seed's counter site with Django's own sessions.

Its settings come from the environment under the names and in the notation that `manage` reads, so that one environment
configures both servers:

    DATABASE_URL=sqlite:///tmp/db.sqlite3 SECRET_KEY=secret python project.py migrate
    DATABASE_URL=sqlite:///tmp/db.sqlite3 SECRET_KEY=secret python project.py runserver 127.0.0.1:8000 --noreload

`SECRET_KEY_FALLBACKS` and `ALLOWED_HOSTS` are comma-separated; `DEBUG` and every `SESSION_…` setting of Django may be
given; a setting that is absent has Django's default. `CACHES` is the URL of the default cache: `redis://…`, `memcached://…`.
"""

import json
import os
import sys
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import django
from django.conf import global_settings, settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

HELLO_WORLD = """\
<!DOCTYPE html>
<html lang="en">
<head>
    <meta charset="UTF-8">
    <title>Hello World</title>
</head>
<body>
Hello World <br>
Counter : <b>{{counter}}</b>
</body>
</html>
"""


def environment_settings():
    """Django settings named in the environment, each in the type that its default has."""
    names = [name for name in dir(global_settings) if name.startswith("SESSION_")]
    names += ["DEBUG", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS"]
    return {name: parse(os.environ[name], getattr(global_settings, name)) for name in names if name in os.environ}


def parse(text, default):
    if isinstance(default, bool):
        return text.lower() in ("1", "true")
    if isinstance(default, int):
        return int(text)
    if isinstance(default, list):
        return text.split(",")
    # SESSION_COOKIE_SAMESITE is a text, or False for none.
    return text if text.lower() != "false" else False


def database():
    url = os.environ["DATABASE_URL"]
    if url.startswith("sqlite://"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite://")}
    parts = urlsplit(url)
    login = {"USER": parts.username, "HOST": parts.hostname, "PORT": parts.port}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path.removeprefix("/"), **login}


def caches():
    """The default cache by the URL that `manage` reads, or Django's own default."""
    scheme, _, servers = os.environ.get("CACHES", "locmem://").partition("://")
    backend, location = {
        "locmem": ("locmem.LocMemCache", ""),
        "redis": ("redis.RedisCache", f"redis://{servers}"),
        "memcached": ("memcached.PyMemcacheCache", servers.split(",")),
    }[scheme]
    return {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": location}


settings.configure(
    DATABASES={"default": database()},
    CACHES={"default": caches()},
    INSTALLED_APPS=["django.contrib.sessions"],
    # What `startproject` gives, without the two that need the tables of django.contrib.auth.
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    ROOT_URLCONF=__name__,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", {"helloworld.html": HELLO_WORLD})],
            },
        },
    ],
    TIME_ZONE="UTC",
    USE_TZ=True,
    **environment_settings(),
)

django.setup()

# A model can only be imported into a Django that is set up.
from django.contrib.sessions.models import Session  # noqa: E402


class HelloWorldView(TemplateView):
    template_name = "helloworld.html"

    def get(self, request, *args, **kwargs):
        counter = request.session.get("counter", 0)
        request.session["counter"] = counter + 1
        context = {"counter": counter}
        return render(request, self.template_name, context)


class HelloWorld2View(TemplateView):
    template_name = "helloworld.html"

    def get(self, request, *args, **kwargs):
        context = {"counter": request.session.get("counter", 0)}
        return render(request, self.template_name, context)


class PlainView(View):
    def get(self, request):
        return HttpResponse("Hello World\n", content_type="text/plain")


class PokeView(View):
    def get(self, request):
        request.session.set_expiry(0)
        return HttpResponse("Hello World\n", content_type="text/plain")


class FlushView(View):
    def get(self, request):
        request.session.flush()
        return HttpResponse("Goodbye World\n", content_type="text/plain")


class SessionView(View):
    """What Django reads in a row of the table, whoever asks."""

    def get(self, request, session_key):
        return JsonResponse(get_object_or_404(Session, pk=session_key).get_decoded())


def delete(session, key):
    del session[key]


def mark_modified(session):
    session.modified = True


def set_expiry(session, value):
    if isinstance(value, dict):
        value = timedelta(**value)
    elif isinstance(value, str):
        value = datetime.fromisoformat(value)
    session.set_expiry(value)


def test_cookie(session, step):
    steps = {
        "set": session.set_test_cookie,
        "worked": session.test_cookie_worked,
        "delete": session.delete_test_cookie,
    }
    return steps[step]()


OPERATIONS = {
    "get": lambda session, key, default=None: session.get(key, default),
    "set": lambda session, key, value: session.__setitem__(key, value),
    "del": delete,
    "pop": lambda session, key, *default: session.pop(key, *default),
    "setdefault": lambda session, key, value: session.setdefault(key, value),
    "update": lambda session, values: session.update(values),
    "has_key": lambda session, key: session.has_key(key),
    "keys": lambda session: list(session.keys()),
    "values": lambda session: list(session.values()),
    "items": lambda session: sorted(session.items(), key=lambda item: item[0]),
    "clear": lambda session: session.clear(),
    "flush": lambda session: session.flush(),
    "cycle_key": lambda session: session.cycle_key(),
    "set_expiry": set_expiry,
    "expiry_age": lambda session: session.get_expiry_age(),
    "expiry_date": lambda session: session.get_expiry_date().isoformat(),
    "at_browser_close": lambda session: session.get_expire_at_browser_close(),
    "session_key": lambda session: session.session_key,
    "is_empty": lambda session: session.is_empty(),
    "modified": mark_modified,
    "test_cookie": test_cookie,
}


@method_decorator(csrf_exempt, name="dispatch")
class ScriptView(View):
    """Runs a JSON list of operations on the session, in order, and answers the list of their results.

    `[["set", "name", "x"], ["get", "name"], ["del", "none"]]` answers `[null, "x", "KeyError"]`. The operation
    `["status", n]` has no result: it ends the list and sends what there is with that status.
    """

    def post(self, request):
        status, results = 200, []
        for name, *arguments in json.loads(request.body):
            if name == "status":
                (status,) = arguments
                break
            operation = OPERATIONS[name]
            try:
                results.append(operation(request.session, *arguments))
            except KeyError:
                results.append("KeyError")
        return JsonResponse(results, safe=False, status=status)


urlpatterns = [
    path("hello/world", HelloWorldView.as_view()),
    path("hello/world2", HelloWorld2View.as_view()),
    path("hello/plain", PlainView.as_view()),
    path("hello/poke", PokeView.as_view()),
    path("flush", FlushView.as_view()),
    path("session/<session_key>", SessionView.as_view()),
    path("script", ScriptView.as_view()),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
