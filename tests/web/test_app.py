"""The page that the signal server serves: it opens a link, and the provider's app
runs in it. The app says to its own upstream how it fares."""

import json
import os
import signal
import sys
import unittest

from browser import why_not
from driver import DRIVEN
from harness import CONNECTED, Case, pattern
from link_rig import LinkRig

HERE = os.path.dirname(os.path.abspath(__file__))
FRAME = "document.getElementById('app').contentWindow"
LINE = "document.getElementById('line')?.textContent"
FILE = b"".join(pattern(3 << 20))
WANTED = {
    "page": ["CSS1Compat", "number", True, False],
    "stream": ["first\n", "second\n"],
    "events": ["first", "second"],
    "login": [401, 200, {"in": True, "cookies": "session=secret; token=seen"}, True, "/private/me"],
    "cookies": ["token=seen", "session=secret; token=seen; theme=dark", "theme=dark"],
    "form": ["Sent", True, True, True],
    "asked": [True, True, 1, 1],
    "zipped": "unpacked",
    "upload": True,
    "range": [206, "cde"],
    "abort": True,
    "websocket": ["hello", "blob", 3, 4000, True, True, True, True],
    "broken": "TypeError",
    "frame": ["/health", '{"status": "ok"}'],
}


class App:
    rig_type = LinkRig
    shared = True
    seconds = 240
    maxDiff = None
    name_of_browser = None

    @classmethod
    def setUpClass(cls):
        if missing := why_not(cls.name_of_browser):
            raise unittest.SkipTest(missing)
        cls.browser = DRIVEN[cls.name_of_browser]()
        cls.addClassCleanup(cls.browser.close)
        super().setUpClass()

    @classmethod
    def start(cls, rig):
        cls.start_app(rig)
        cls.link = rig.invite("phone")
        cls.page = cls.browser.open(cls.link)
        cls.wait_app()

    @staticmethod
    def start_app(rig):
        rig.mock = rig.run("app", [sys.executable, os.path.join(HERE, "app_upstream.py")],
                           is_product=False)
        rig.upstream_url = rig.mock.wait_for(r"^listening (\S+)")[1]
        rig.start_signal()
        rig.start_serve()

    @classmethod
    def wait_app(cls, after=0):
        cls.rig.mock.wait_for("^said done", after=after, deadline=90)

    def in_frame(self, code):
        return self.page.run(f"const frame = {FRAME}; {code}")

    def test_app(self):
        """streams, events, login, forms, ranges, abort, WebSocket, redirects, under a strict policy"""
        said = [line.split(" ", 2)[1:] for _, line in self.rig.mock.lines if line.startswith("said ")]
        got = {step: json.loads(result) for step, result in reversed(said)}
        self.assertEqual({**got, "done": None}, {**WANTED, "done": None})
        number = self.rig.mock.wait_for(r"request (\d+) .*/endless")[1]
        self.rig.mock.wait_for(rf"closed {number}$")

    def test_download(self):
        """a file is saved, whole: one that its link names, and one that its server names"""
        for name in ("named", "attached"):
            with self.subTest(name):
                self.in_frame(f"frame.document.getElementById('{name}').click();")
                self.assertEqual(self.browser.wait_file(f"{name}.bin"), FILE)
        self.assertEqual(self.in_frame("return frame.document.title;"), "An app")

    def test_reload(self):
        """the page is loaded again: who was logged in still is"""
        mark = self.rig.mock.mark()
        self.page.run("location.reload();")
        self.wait_app(mark)
        said = next(line for _, line in self.rig.mock.lines[mark:] if line.startswith("said login "))
        self.assertEqual(json.loads(said.removeprefix("said login "))[0], 200)
        self.assertEqual(self.page.run("return [location.hash, document.title];"), ["", "An app"])

    def test_windows(self):
        """one window at a time: the later one takes the tunnel over, and is said to"""
        mark = self.rig.mock.mark()
        other = self.browser.open(self.link.split("#")[0])
        self.wait_app(mark)
        self.page.wait(f"{LINE} === 'open in another window'")
        mark = self.rig.mock.mark()
        self.page.run("document.getElementById('back').click();")
        self.wait_app(mark)
        other.wait(f"{LINE} === 'open in another window'")
        self.page.wait(f"{LINE} === 'connected, direct'")
        other.close()

    def test_other_provider(self):
        """what one provider's app has kept is not shown to another's unasked"""
        rig = LinkRig()
        self.addCleanup(rig.close)
        rig.upstream_url = self.rig.upstream_url
        rig.signal_url = self.rig.signal_url
        rig.start_serve()
        self.in_frame("frame.localStorage.setItem('draft', 'of the first');")
        self.page.run(f"location.hash = {json.dumps(rig.invite('laptop').split('#')[1])};")
        self.page.wait(f"{LINE} === 'another provider'")
        mark = self.rig.mock.mark()
        self.page.run("document.getElementById('remove').click();")
        self.wait_app(mark)
        self.assertIsNone(self.in_frame("return frame.localStorage.getItem('draft');"))
        said = next(line for _, line in self.rig.mock.lines[mark:] if line.startswith("said login "))
        self.assertEqual(json.loads(said.removeprefix("said login "))[0], 401)
        # And back.
        mark = self.rig.mock.mark()
        self.in_frame("frame.localStorage.setItem('draft', 'of the second');")
        self.page.run(f"location.hash = {json.dumps(self.link.split('#')[1])};")
        self.page.wait(f"{LINE} === 'another provider'")
        self.page.run("document.getElementById('keep').click();")
        self.wait_app(mark)
        self.assertEqual(self.in_frame("return frame.localStorage.getItem('draft');"), "of the second")

    def test_line(self):
        """the line on top tells what is wrong; the frame does, too"""
        self.rig.serve.kill(signal.SIGINT)
        self.rig.serve.wait_exit()
        self.page.wait(f"{LINE}?.includes('is `tunnel serve` running?')")
        self.rig.start_serve().wait_for(CONNECTED)
        self.page.wait(f"{LINE} === 'connected, direct'")
        self.assertEqual(self.in_frame("return (await frame.fetch('health')).status;"), 200)

    def test_links(self):
        """a link that is none is told so, and another one asked for"""
        root = self.link.split("#")[0]
        wrong = self.browser.open(f"{root}#t1.aaaa")
        wrong.wait("document.getElementById('wrong')?.textContent.includes('too short')")
        self.assertEqual(wrong.run("return document.getElementById('ask').hidden;"), False)
        wrong.close()
        # Nothing has changed for who has a good one.
        self.assertEqual(self.in_frame("return (await frame.fetch('health')).status;"), 200)

    def test_narrow(self):
        """360 pixels are enough; the icons of the manifest are what it says"""
        self.page.resize(360, 640)
        self.assertEqual(self.page.run("""
            const width = document.scrollingElement.scrollWidth;
            const frame = document.getElementById("app").getBoundingClientRect();
            return [width, frame.width, frame.height > 560];"""), [360, 360, True])
        self.page.resize(1024, 768)
        manifest = self.page.run("return await (await fetch('manifest.webmanifest')).json();")
        for icon in manifest["icons"]:
            if icon["sizes"] != "any":
                size = self.page.run(f"""
                    const image = new Image();
                    image.src = {json.dumps(icon["src"])};
                    await image.decode();
                    return `${{image.naturalWidth}}x${{image.naturalHeight}}`;""")
                self.assertEqual(size, icon["sizes"])


class ChromiumApp(App, Case):
    name_of_browser = "chromium"

    def test_installable(self):
        """Chromium finds nothing that hinders it from being installed"""
        manifest = self.browser.of(self.page.handle, "Page.getAppManifest")
        self.assertEqual(manifest["errors"], [])
        errors = self.browser.of(self.page.handle, "Page.getInstallabilityErrors")
        self.assertEqual(errors["installabilityErrors"], [])

    def test_worker_ends(self):
        """the browser ends the worker, as it does with idle ones: it finds the page again"""
        mark = self.rig.mock.mark()
        other = self.browser.open(self.link.split("#")[0])
        self.wait_app(mark)
        self.browser.of(other.handle, "ServiceWorker.enable")
        self.browser.of(other.handle, "ServiceWorker.stopAllWorkers")
        status = f"return (await {FRAME}.fetch('health')).status;"
        self.assertEqual(other.run(status), 200)
        mark = self.rig.mock.mark()
        self.page.run("document.getElementById('back').click();")
        self.wait_app(mark)
        other.close()

    def test_no_holder(self):
        """where no page holds the link any more, an app's requests break as in a dead network"""
        root = self.link.split("#")[0]
        self.page.run(f"location.href = '{root}icon.svg';")
        self.page.wait("location.pathname.endsWith('icon.svg') && document.readyState === 'complete'")
        self.assertEqual(self.page.run("""
            const frame = document.createElementNS("http://www.w3.org/1999/xhtml", "iframe");
            frame.src = "health";
            document.documentElement.append(frame);
            await new Promise((resolve) => (frame.onload = resolve));
            const told = frame.contentDocument.body.textContent.includes("open the link again");
            const asked = frame.contentWindow.fetch("health");
            return [told, await asked.then(({ status }) => status, ({ name }) => name)];
        """), [True, "TypeError"])
        mark = self.rig.mock.mark()
        self.page.run(f"location.href = '{self.link}';")
        self.wait_app(mark)


class FirefoxApp(App, Case):
    name_of_browser = "firefox-esr"


if __name__ == "__main__":
    unittest.main()
