"""A page in a headless Chromium, all of whose requests go through the tunnel."""

import os
import shutil
import tempfile
import unittest

from harness import CHROMIUM, free_port
from test_node import NodeCase


@unittest.skipUnless(shutil.which("chromium"), "there is no chromium")
class BrowserCase(NodeCase):
    shared = False

    def setUp(self):
        super().setUp()
        self.start(self.rig)

    def check_page(self, query, steps):
        profile = tempfile.mkdtemp(prefix="chromium-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        host, port = self.rig.proxy_address
        url = f"http://{host}:{port}/page.html{query}"
        argv = [*CHROMIUM, f"--user-data-dir={profile}", url]
        browser = self.rig.run("chromium", argv, is_product=False)
        self.server.wait_for(r"^page-done", deadline=90)
        browser.end()
        seen = [line for _, line in self.server.lines if line.startswith("page-")]
        self.assertEqual(seen, [f'page-ok "{step}"' for step in steps] + ["page-done null"])


class Browser(BrowserCase):
    def test_page(self):
        """fetch that streams, an aborted fetch, uploads, redirects, many at once, EventSource"""
        self.check_page("", ["stream", "abort", "upload", "redirects", "many", "events"])
        self.wait_server("closed", "/gated/never")
        self.wait_server("closed", "/events/page")


class BrowserErrors(BrowserCase):
    def test_readable(self):
        """the tunnel's own errors, from a page of another origin, also behind a preflight"""
        page = self.rig.proxy_address
        self.rig.start_serve(room="no-upstream", upstream=f"http://127.0.0.1:{free_port()}")
        self.rig.start_proxy(room="no-upstream")
        self.rig.wait_connected()
        other, self.rig.proxy_address = self.rig.proxy_address, page
        self.check_page("?%s:%d" % other, ["simple", "preflighted", "withCookies"])


class BrowserUpgrades(BrowserCase):
    def test_websocket(self):
        """WebSocket: 1 MB both ways, closes from either side"""
        self.check_page("?upgrade", ["clientCloses", "serverCloses"])
        self.wait_server("ws-closed", [4002, "by the page"])
        self.wait_server("ws-closed", [4003, "as asked"])


if __name__ == "__main__":
    unittest.main()
