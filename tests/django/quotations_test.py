"""The lines of Django that the lab's exercises quote stand in the Django that is installed."""

import html
import re
import unittest
from pathlib import Path

import django

EXERCISES = Path(__file__).resolve().parent.parent.parent / "templates" / "lab" / "exercises"
FIGURE = re.compile(r'{% <source of="Django" file="(?P<file>[^"]+)"[^%]*%}(?P<lines>.*?){% </source> %}', re.DOTALL)
LEFT_OUT = "…"


def figures(template):
    """The file and the quoted lines of each figure; the mark of the line that fired is the lab's own."""
    for figure in FIGURE.finditer(template):
        text = html.unescape(re.sub("</?mark>", "", figure["lines"]))
        yield figure["file"], text.splitlines()


def blocks(lines):
    """What stands between the lines that are left out."""
    block = []
    for line in [*lines, LEFT_OUT]:
        if line.strip() != LEFT_OUT:
            block.append(line)
        elif block:
            yield block
            block = []


def stands_in(block, source):
    """Whether a block stands in a file as it is, but for how far it is indented."""
    for at in range(len(source) - len(block) + 1):
        here = source[at : at + len(block)]
        if all(map(str.endswith, here, block)):
            indents = {line.removesuffix(quoted) for line, quoted in zip(here, block)}
            if len(indents) == 1 and not "".join(indents).strip():
                return True
    return False


class Quotations(unittest.TestCase):
    def test_every_quoted_line_of_djangos_is_in_the_installed_django(self):
        templates = sorted(EXERCISES.glob("*.html"))
        self.assertTrue(templates)
        for template in templates:
            quoted = list(figures(template.read_text(encoding="utf-8")))
            self.assertTrue(quoted, f"{template.name} quotes no line of Django's")
            for file, lines in quoted:
                with self.subTest(exercise=template.stem, file=file):
                    self.assertTrue(any(map(str.strip, lines)), "a figure has lines")
                    source = (Path(django.__file__).parent.parent / file).read_text(encoding="utf-8").splitlines()
                    for block in blocks(lines):
                        text = "\n".join(block)
                        self.assertTrue(stands_in(block, source), f"not in Django {django.__version__}:\n{text}")


if __name__ == "__main__":
    unittest.main()
