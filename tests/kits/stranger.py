"""Walks from an empty folder to a green test by docs/testing.md alone: its blocks of shell and Python, as they stand there.

One thing differs: `manage` is the program that $SESSIONID_MANAGE names.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECTION = "### From an empty folder to a green test, with pytest"

page = (ROOT / "docs/testing.md").read_text().split(SECTION)[1].split("\n###")[0]
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
(_, setup), (_, test), (_, run) = blocks[:3]
manage = os.environ["SESSIONID_MANAGE"]
setup = setup.replace("$REPOSITORY/target/release/manage", manage)

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "test_expiry.py").write_text(test)
    began = time.monotonic()
    script = f"set -e\n{setup}{run}"
    environment = {**os.environ, "REPOSITORY": str(ROOT)}
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    took = time.monotonic() - began
if done.returncode != 0 or "1 passed" not in done.stdout:
    sys.exit(f"docs/testing.md does not lead to a green test:\n{done.stdout}{done.stderr}")
print(f"From an empty folder to a green test in {took:.0f} s.")
