"""The differential test as one of the others; `differential.py` runs it at any length."""

import os
import secrets
import unittest

from differential import compare, summary
from engines import ENGINES
from shared import PostgresDatabase

REQUESTS = 500


class Differential(unittest.TestCase):
    def test_random_scripts_find_no_difference(self):
        # SEED=… repeats a run that has failed.
        seed = int(os.environ.get("SEED", secrets.randbelow(10**6)))
        # Where the database is another one, only the engine that keeps sessions there is another one, too.
        for engine in ENGINES if not PostgresDatabase.server else ["db"]:
            with self.subTest(engine):
                differences = compare(REQUESTS, seed, engine=engine)
                print(summary(REQUESTS, seed, differences, engine), flush=True)
                self.assertFalse(differences, "\n\n".join(["", *map(str, differences)]))


if __name__ == "__main__":
    unittest.main()
