"""What the lab quotes of Django stands in Django, line by line."""

import html
import re
import unittest
from pathlib import Path

import django

TEMPLATES = Path(__file__).parents[2] / "templates" / "lab" / "exercises"
FIGURE = re.compile(r'{% <source of="Django" file="django/([^"]+)"[^>]*> %}(.*?){% </source> %}', re.DOTALL)


class Quotes(unittest.TestCase):
    def test_every_line_stands_in_its_file(self):
        figures = 0
        for template in sorted(TEMPLATES.glob("*.html")):
            for file, body in FIGURE.findall(template.read_text("utf-8")):
                source = (Path(django.__file__).parent / file).read_text("utf-8").splitlines()
                source = [line.strip() for line in source]
                text = html.unescape(re.sub(r"</?mark>", "", body))
                for line in filter(lambda line: line and line != "…", map(str.strip, text.splitlines())):
                    with self.subTest(template.name, line=line):
                        self.assertIn(line, source)
                figures += 1
        self.assertGreater(figures, 0)


if __name__ == "__main__":
    unittest.main()
