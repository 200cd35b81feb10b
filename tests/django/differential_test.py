"""The differential test as one of the others; `differential.py` runs it at any length."""

import os
import secrets
import unittest

from differential import compare, summary

REQUESTS = 500


class Differential(unittest.TestCase):
    def test_random_scripts_find_no_difference(self):
        # SEED=… repeats a run that has failed.
        seed = int(os.environ.get("SEED", secrets.randbelow(10**6)))
        differences = compare(REQUESTS, seed)
        print(summary(REQUESTS, seed, differences), flush=True)
        self.assertFalse(differences, "\n\n".join(["", *map(str, differences)]))


if __name__ == "__main__":
    unittest.main()
