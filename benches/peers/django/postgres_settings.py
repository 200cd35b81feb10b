"""The same on PostgreSQL, with connections that stay open."""

import os

from settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["POSTGRES_PORT"],
        "USER": "bench",
        "NAME": "postgres",
        "CONN_MAX_AGE": None,
    }
}
