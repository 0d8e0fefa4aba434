"""A browser that is driven from outside, by its own protocol: Chromium's DevTools,
or WebDriver BiDi of Firefox. For what no page can do: windows, their size, pictures
of them, files that are saved."""

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from browser import FIREFOX, FIREFOX_PREFERENCES
from harness import CHROMIUM, DEADLINE
from wsclient import WebSocket

LISTENING = re.compile(r"(?:DevTools|BiDi) listening on (ws://127\.0\.0\.1:\d+)(\S*)")


class Page:
    """A window, or tab."""

    def __init__(self, browser, handle):
        self.browser = browser
        self.handle = handle

    def run(self, code):
        """The result of that body of an asynchronous function, as JSON has it."""
        text = self.browser.evaluate(
            self.handle, f"(async () => {{ {code} }})().then((it) => JSON.stringify(it ?? null))")
        return json.loads(text)

    def wait(self, code, deadline=None):
        """Until that expression is true; its value."""
        give_up = time.monotonic() + (deadline or DEADLINE)
        while not (value := self.run(f"return {code};")):
            if time.monotonic() > give_up:
                raise AssertionError(f"never true in the page: {code}; it shows "
                                     + self.run("return document.body.innerText;"))
            time.sleep(0.05)
        return value

    def show(self):
        """In front of the others, which browsers let run slower."""
        self.browser.show(self.handle)

    def close(self):
        self.browser.close_page(self.handle)

    def resize(self, width, height):
        self.browser.resize(self.handle, width, height)

    def picture(self, name):
        """Of what is seen, to that file."""
        with open(name, "wb") as file:
            file.write(base64.b64decode(self.browser.capture(self.handle)))


class Driven:
    """Its folder `downloads` gets the files that it saves."""

    def __init__(self, url_flag, argv):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.downloads = os.path.join(self.profile, "downloads")
        os.mkdir(self.downloads)
        self.ids = itertools.count(1)
        self.prepare()
        self.child = subprocess.Popen(
            [*argv, url_flag, *self.flags()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
            env={**os.environ, "HOME": self.profile})
        for line in self.child.stderr:
            if match := LISTENING.search(line):
                break
        else:
            raise AssertionError("the browser does not listen")
        threading.Thread(target=self.child.stderr.read, daemon=True).start()
        self.socket = WebSocket(match[1], timeout=2 * DEADLINE, path=self.path(match[2]))
        self.begin()

    def ask(self, method, params=None, **more):
        """The result of a command."""
        number = next(self.ids)
        self.socket.send({"id": number, "method": method, "params": params or {}, **more})
        while True:
            message = self.socket.receive()
            if message.get("id") != number:
                continue  # an event
            if "error" in message:
                raise AssertionError(f"{method}: {message.get('message') or message['error']}")
            return message["result"]

    def open(self, url):
        raise NotImplementedError

    def wait_file(self, name):
        """The bytes of a file, once it is whole."""
        give_up = time.monotonic() + DEADLINE
        path = os.path.join(self.downloads, name)
        partial = (".crdownload", ".part")
        while not os.path.exists(path) or any(f.endswith(partial) for f in os.listdir(self.downloads)):
            if time.monotonic() > give_up:
                raise AssertionError(f"no {name} among {os.listdir(self.downloads)}")
            time.sleep(0.05)
        with open(path, "rb") as file:
            return file.read()

    def close(self):
        try:
            os.killpg(self.child.pid, 9)
        except ProcessLookupError:
            pass
        self.child.wait()
        self.socket.close()
        shutil.rmtree(self.profile, ignore_errors=True)


class Chromium(Driven):
    def __init__(self, *flags):
        super().__init__("--remote-debugging-port=0", [*CHROMIUM, *flags])

    def prepare(self):
        pass

    def flags(self):
        return [f"--user-data-dir={self.profile}"]

    def path(self, path):
        return path

    def begin(self):
        self.ask("Browser.setDownloadBehavior",
                 {"behavior": "allow", "downloadPath": self.downloads})

    def open(self, url):
        target = self.ask("Target.createTarget", {"url": url})["targetId"]
        session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        return Page(self, session["sessionId"])

    def of(self, handle, method, params=None):
        return self.ask(method, params, sessionId=handle)

    def evaluate(self, handle, expression):
        done = self.of(handle, "Runtime.evaluate", {
            "expression": expression, "awaitPromise": True, "returnByValue": True})
        if failed := done.get("exceptionDetails"):
            raise AssertionError(f"in the page: {failed}")
        return done["result"]["value"]

    def resize(self, handle, width, height):
        self.of(handle, "Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def show(self, handle):
        self.of(handle, "Page.bringToFront")

    def close_page(self, handle):
        self.of(handle, "Page.close")

    def capture(self, handle):
        return self.of(handle, "Page.captureScreenshot")["data"]


class Firefox(Driven):
    def __init__(self):
        super().__init__("--remote-debugging-port=0", FIREFOX)

    def prepare(self):
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as file:
            file.write(FIREFOX_PREFERENCES + f"""
user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", "{self.downloads}");
user_pref("browser.download.useDownloadDir", true);
user_pref("browser.download.alwaysOpenPanel", false);
""")

    def flags(self):
        return ["--profile", self.profile]

    def path(self, _):
        return "/session"

    def begin(self):
        self.ask("session.new", {"capabilities": {}})

    def open(self, url):
        context = self.ask("browsingContext.create", {"type": "tab"})["context"]
        self.ask("browsingContext.navigate", {"context": context, "url": url, "wait": "none"})
        return Page(self, context)

    def evaluate(self, handle, expression):
        done = self.ask("script.evaluate", {
            "expression": expression, "target": {"context": handle}, "awaitPromise": True})
        if done["type"] != "success":
            raise AssertionError(f"in the page: {done['exceptionDetails']['text']}")
        return done["result"]["value"]

    def resize(self, handle, width, height):
        self.ask("browsingContext.setViewport",
                 {"context": handle, "viewport": {"width": width, "height": height}})

    def show(self, handle):
        self.ask("browsingContext.activate", {"context": handle})

    def close_page(self, handle):
        self.ask("browsingContext.close", {"context": handle})

    def capture(self, handle):
        return self.ask("browsingContext.captureScreenshot", {"context": handle})["data"]


DRIVEN = {"chromium": Chromium, "firefox-esr": Firefox}
