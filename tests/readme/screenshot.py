"""Makes docs/lab.png, the README's picture: an exercise in progress, taken from the running site in headless Chromium.

Needs `cargo build`, chromium and chromium-driver. With ImageMagick the picture gets a palette, and is smaller.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "lab.png"
LARGEST = 150_000
WIDTH, HEIGHT = 1280, 920
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
COLOURS = "128"
PATIENCE = 20  # seconds


def started(stack, command, said, **options):
    """Starts a program, to be ended at the end, and returns what follows `said` in a line of its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    for line in process.stdout:
        if line.startswith(said):
            return line.removeprefix(said).strip(" ./\n")
    sys.exit(f"{command[0]} does not start")


class Browser:
    def __init__(self, driver):
        self.session = f"{driver}/session"
        options = {"binary": "/usr/bin/chromium", "args": FLAGS}
        asked = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        self.session += "/" + self.post("", {"capabilities": asked})["sessionId"]
        metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.session + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def cdp(self, command, parameters):
        return self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def ask(self, script):
        return self.post("/execute/sync", {"script": f"return {script}", "args": []})

    def press(self, selector):
        """Clicks an element, and waits for the request that it sends, if it sends one."""
        count = "document.querySelectorAll('[data-panel=timeline] tbody tr').length"
        before = self.ask(count)
        sends = self.ask(f"'send' in document.querySelector('{selector}').dataset")
        self.ask(f"document.querySelector('{selector}').click()")
        deadline = time.monotonic() + PATIENCE
        while sends and self.ask(count) == before:
            if time.monotonic() > deadline:
                sys.exit(f"{selector} sends nothing")
            time.sleep(0.05)

    def quit(self):
        urllib.request.urlopen(urllib.request.Request(self.session, method="DELETE"), timeout=PATIENCE)


def take(browser, site):
    """Exercise 9, after a write and two reads, while both clocks run."""
    browser.post("/url", {"url": f"{site}/lab/exercise/9"})
    browser.press("input[value=b]")
    browser.press("form[action$=predict] button")
    browser.post("/url", {"url": f"{site}/lab/exercise/9"})
    browser.press('a.button[href="/hello/world"]')
    time.sleep(4)
    for _ in range(2):
        browser.press('a.button[href="/hello/world2"]')
    time.sleep(6)
    return base64.b64decode(browser.cdp("Page.captureScreenshot", {})["data"])


def main():
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        manage = os.environ.get("SESSIONID_MANAGE", ROOT / "target" / "debug" / "manage")
        environment = os.environ | {"DATABASE_URL": f"sqlite://{folder}/db.sqlite3", "SESSION_COOKIE_AGE": "30"}
        server = [manage, "runserver", "127.0.0.1:0"]
        site = started(stack, server, "Starting development server at ", cwd=ROOT, env=environment)
        port = started(stack, ["chromedriver", "--port=0"], "ChromeDriver was started successfully on port ")
        browser = Browser(f"http://127.0.0.1:{port}")
        stack.callback(browser.quit)
        PICTURE.write_bytes(take(browser, site))
    if shutil.which("convert"):
        flat = ["convert", PICTURE, "+dither", "-colors", COLOURS, "-strip", "-define", "png:compression-level=9"]
        subprocess.run([*flat, f"PNG8:{PICTURE}"], check=True)
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {size} bytes")
    if size > LARGEST:
        sys.exit(f"more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
