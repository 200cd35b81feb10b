"""Puts the frames of film.mjs into one animated WebP: assemble.py FOLDER FILE."""

import json
import pathlib
import sys

from PIL import Image

LARGEST = 500_000  # bytes

folder, file = map(pathlib.Path, sys.argv[1:])
frames = json.loads((folder / "frames.json").read_text())
images = [Image.open(folder / frame["name"]).convert("RGB").resize((880, 496)) for frame in frames]
durations = [frame["ms"] for frame in frames]
durations[-1] = 3000
for quality in (80, 65, 50, 35):
    images[0].save(
        file, save_all=True, append_images=images[1:], duration=durations, loop=0, quality=quality, method=6,
        minimize_size=True,
    )
    if file.stat().st_size < LARGEST:
        sys.exit()
sys.exit(f"{file} has {file.stat().st_size} bytes, more than {LARGEST}")
