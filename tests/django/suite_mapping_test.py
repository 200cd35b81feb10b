"""`docs/django-tests.md` tells the truth: it names every test of Django's own suite once, and each Rust test it
names is there and runs.

The names come from Django's source, `pip download --no-deps --no-binary :all: 'django==5.2.*'`, whose path
DJANGO_SDIST gives.
"""

import ast
import os
import re
import tarfile
import unittest
from collections import Counter
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TABLE = REPOSITORY / "docs" / "django-tests.md"
RUST_TESTS = REPOSITORY / "tests" / "sessions"
SUITE = "django_suite"

ROW = re.compile(r"\| `(?P<klass>\w+)` \| `(?P<name>\w+)` \| (?P<counterpart>.*?) \|")
RUST_TEST = re.compile(r"`(?P<path>\w+(?:::\w+)+)`(?:; .+)?")
TWIN = re.compile(r"async twin of `(?P<name>\w+)`")
RUST_FUNCTION = re.compile(
    r"^(?P<attributes>(?:#\[.*\]\n)*)(?:pub(?:\([a-z]+\))? )?(?:async )?fn (?P<name>\w+)\(", re.MULTILINE
)


class Row(NamedTuple):
    klass: str
    name: str
    counterpart: str

    @property
    def test(self):
        """The test of Django's that the row is about."""
        return self.klass, self.name

    @property
    def rust_test(self):
        """The Rust test that the row names, without the crate, or None where it gives a reason instead."""
        found = RUST_TEST.fullmatch(self.counterpart)
        return found and found["path"]


def django_tests():
    """The tests of Django's sessions: of each class and name, whether it is async."""
    sdist = os.environ.get("DJANGO_SDIST")
    if not sdist:
        raise AssertionError("DJANGO_SDIST is not set: it is the path of Django 5.2's source, django-5.2.*.tar.gz")
    with tarfile.open(sdist) as archive:
        [member] = [name for name in archive.getnames() if name.endswith("/tests/sessions_tests/tests.py")]
        module = ast.parse(archive.extractfile(member).read())
    return {
        (klass.name, test.name): isinstance(test, ast.AsyncFunctionDef)
        for klass in module.body
        if isinstance(klass, ast.ClassDef)
        for test in klass.body
        if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test")
    }


def table():
    """The rows of the table; a line of it that cannot be read is an error."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| Class | Test | Here |") + 2
    rows = []
    for line in lines[start:]:
        if not line:
            break
        row = ROW.fullmatch(line)
        if row is None:
            raise AssertionError(f"{TABLE.name}: this line is no row of the table: {line}")
        rows.append(Row(**row.groupdict()))
    return rows


def rust_functions(file):
    """The functions at a file's margin, each with its attributes."""
    return {found["name"]: found["attributes"] for found in RUST_FUNCTION.finditer(file.read_text(encoding="utf-8"))}


def snake_case(name):
    """`CacheDBSessionTests` as a Rust module is called."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class SuiteMapping(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.django, cls.rows = django_tests(), table()

    def test_the_sdist_holds_djangos_suite(self):
        self.assertGreater(len(self.django), 100)
        self.assertIn(("SessionTestsMixin", "test_new_session"), self.django)

    def test_every_test_of_djangos_is_named_once_and_no_other_is(self):
        named = Counter(row.test for row in self.rows)
        self.assertEqual([], [test for test, times in named.items() if times > 1], "named more than once")
        self.assertEqual([], [test for test in self.django if test not in named], "not named")
        self.assertEqual([], [test for test in named if test not in self.django], "not in Django")

    def test_every_rust_test_is_there_and_runs(self):
        for row in filter(lambda row: row.rust_test, self.rows):
            with self.subTest(row.rust_test):
                *modules, name = row.rust_test.split("::")
                file = RUST_TESTS.joinpath(*modules).with_suffix(".rs")
                self.assertTrue(file.is_file(), f"there is no {file.relative_to(REPOSITORY)}")
                self.assertIn(name, rust_functions(file))
                attributes = rust_functions(file)[name].split()
                self.assertTrue({"#[test]", "#[actix_web::test]"} & {*attributes}, f"no test: {attributes}")
                self.assertNotIn("ignore", "".join(attributes))

    def test_every_rust_test_is_reached_by_a_mod(self):
        for row in filter(lambda row: row.rust_test, self.rows):
            parents = [RUST_TESTS / "main.rs"]
            for module in row.rust_test.split("::")[:-1]:
                with self.subTest(row.rust_test, module=module):
                    self.assertIn(f"mod {module};", parents[-1].read_text(encoding="utf-8").splitlines())
                folder = parents[-1].parent if len(parents) == 1 else parents[-1].with_suffix("")
                parents.append(folder / f"{module}.rs")

    def test_every_rust_test_in_the_suite_bears_the_names_of_djangos(self):
        for row in filter(lambda row: row.rust_test, self.rows):
            with self.subTest(row.rust_test):
                if row.rust_test.startswith(f"{SUITE}::"):
                    self.assertEqual(f"{SUITE}::{snake_case(row.klass)}::{row.name}", row.rust_test)

    def test_every_test_in_the_suite_is_named_in_the_table(self):
        named = {row.rust_test for row in self.rows}
        files = sorted((RUST_TESTS / SUITE).glob("*.rs"))
        self.assertTrue(files)
        for file in files:
            for name, attributes in rust_functions(file).items():
                if "test]" in attributes:
                    self.assertIn(f"{SUITE}::{file.stem}::{name}", named)

    def test_every_other_row_gives_a_reason(self):
        for row in self.rows:
            with self.subTest(row.test):
                if row.rust_test is None:
                    self.assertFalse(row.counterpart.startswith("`"), f"no path of a Rust test: {row.counterpart}")
                    self.assertGreater(len(row.counterpart.split()), 2, "a few words at least")

    def test_an_async_twin_is_async_and_its_brother_has_a_row_of_its_own(self):
        twins = [(row, TWIN.search(row.counterpart)) for row in self.rows]
        for row, twin in [(row, twin) for row, twin in twins if twin]:
            with self.subTest(row.test):
                self.assertTrue(self.django[row.test], "Django's is not async")
                brother = row.name.replace("_async", "") if "_async" in row.name else row.name.replace("_a", "_", 1)
                self.assertEqual(brother, twin["name"])
                self.assertFalse(self.django[row.klass, brother])


if __name__ == "__main__":
    unittest.main()
