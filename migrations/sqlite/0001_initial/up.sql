-- Django's own table (django/contrib/sessions/migrations/0001_initial.py), with its column types and
-- its index's name. IF NOT EXISTS, since Django may have been here first.
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
CREATE INDEX IF NOT EXISTS "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
