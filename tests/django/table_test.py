"""Either side may create the table; the other accepts it as its own."""

import tempfile

from servers import DjangoServer
from shared import PostgresDatabase, in_both_orders, migrate, new_database


@in_both_orders
class Table:
    def setUp(self):
        self.database = new_database(self.enterContext(tempfile.TemporaryDirectory()))
        self.first, self.second = (kind(self.database.environment()) for kind in self.order)

    def test_it_is_the_table_that_django_creates(self):
        reference = new_database(self.enterContext(tempfile.TemporaryDirectory()))
        migrate(DjangoServer(reference.environment()))
        migrate(self.first)
        self.assertEqual(schema(self.database), schema(reference))

    def test_the_other_side_accepts_it_with_its_rows(self):
        migrate(self.first)
        with self.first as server:
            key = server.get("/hello/world").set_cookie().value
        before = schema(self.database), self.database.row(key)
        printed = migrate(self.second)
        if self.second.name == "Django":
            self.assertIn("FAKED", printed)
        self.assertEqual((schema(self.database), self.database.row(key)), before)
        with self.second as server:
            self.assertEqual(server.get("/hello/world", key).counter(), 1)

    def test_migrating_again_changes_nothing(self):
        for server in [self.first, self.second]:
            migrate(server)
        before = schema(self.database)
        for server in [self.first, self.second]:
            migrate(server)
        self.assertEqual(schema(self.database), before)


def schema(database):
    """All that decides how the table behaves: columns, indexes, and what the indexes cover."""
    if isinstance(database, PostgresDatabase):
        return {
            "columns": database.execute(
                "SELECT column_name, data_type, character_maximum_length, is_nullable, column_default "
                "FROM information_schema.columns WHERE table_name = 'django_session' ORDER BY ordinal_position"
            ),
            "indexes": database.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'django_session' ORDER BY indexname"
            ),
            "constraints": database.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conrelid = 'django_session'::regclass ORDER BY conname"
            ),
        }
    indexes = database.execute("PRAGMA index_list(django_session)")
    return {
        "columns": database.execute("PRAGMA table_info(django_session)"),
        "indexes": sorted(index[1:] for index in indexes),
        "indexed": {index[1]: database.execute(f"PRAGMA index_xinfo({index[1]})") for index in indexes},
        "named": database.execute(
            "SELECT type, name FROM sqlite_master WHERE tbl_name = 'django_session' ORDER BY type, name"
        ),
    }
