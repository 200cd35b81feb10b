"""A Django application under test: a counter, on SQLite. `$DATABASE` is its file."""

import os

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "a key that the application and the test server share"
AGE = 30

settings.configure(
    SECRET_KEY=SECRET_KEY,
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SESSION_COOKIE_AGE=AGE,
    USE_TZ=True,
)
django.setup()


def visits(request):
    request.session["counter"] = request.session.get("counter", 0) + 1
    return HttpResponse(request.session["counter"])


urlpatterns = [path("visits", visits)]
