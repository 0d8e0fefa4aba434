"""The page that the signal server serves: it opens a link, and the provider's app
runs in it. The app says to its own upstream how it fares."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import FIREFOX, FIREFOX_PREFERENCES, why_not
from harness import CHROMIUM, Case
from link_rig import LinkRig

HERE = os.path.dirname(os.path.abspath(__file__))
WANTED = {
    "page": ["CSS1Compat", "number", True],
    "stream": ["first\n", "second\n"],
    "events": ["first", "second"],
    "login": [401, 200, {"in": True}, ""],
    "upload": True,
    "range": [206, "cde"],
    "abort": True,
    "websocket": ["hello", 4000],
    "broken": "TypeError",
    "frame": ["/health", '{"status": "ok"}'],
}


class App:
    rig_type = LinkRig
    seconds = 180
    name_of_browser = None

    def setUp(self):
        if missing := why_not(self.name_of_browser):
            self.skipTest(missing)
        super().setUp()

    def argv(self, profile, url):
        if self.name_of_browser == "chromium":
            return [*CHROMIUM, f"--user-data-dir={profile}", url]
        with open(os.path.join(profile, "user.js"), "w", encoding="utf-8") as file:
            file.write(FIREFOX_PREFERENCES)
        return [*FIREFOX, "--profile", profile, url]

    def open_page(self, url):
        profile = tempfile.mkdtemp(prefix="browser-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        child = subprocess.Popen(self.argv(profile, url), env={**os.environ, "HOME": profile},
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(child.wait)
        self.addCleanup(os.killpg, child.pid, 9)

    def test_app(self):
        """streams, events, login, upload, range, abort, WebSocket, redirect in a frame"""
        rig = self.rig
        rig.mock = rig.run("app", [sys.executable, os.path.join(HERE, "app_upstream.py")],
                           is_product=False)
        rig.upstream_url = rig.mock.wait_for(r"^listening (\S+)")[1]
        rig.start_signal()
        rig.start_serve()
        self.open_page(rig.invite("phone"))
        rig.mock.wait_for("^said done", deadline=90)
        said = [line.split(" ", 2)[1:] for _, line in rig.mock.lines if line.startswith("said ")]
        got = {step: json.loads(result) for step, result in said}
        self.assertEqual({**got, "done": None}, {**WANTED, "done": None})
        number = rig.mock.wait_for(r"request (\d+) .*/endless")[1]
        rig.mock.wait_for(rf"closed {number}$")


class ChromiumApp(App, Case):
    name_of_browser = "chromium"


class FirefoxApp(App, Case):
    name_of_browser = "firefox-esr"


if __name__ == "__main__":
    unittest.main()
