"""One run with something of everything, short enough for valgrind, and the
path options of `tunnel serve`."""

import http.client
import json
import unittest

from harness import Case, pattern, read_exactly


class WholeRun(Case):
    seconds = 100

    def test_whole_run(self):
        """requests, streams, aborts and errors, then a clean end of all"""
        rig = self.rig
        rig.start_all()
        self.assertEqual(rig.get_json("/v1/models")["data"][0]["id"], "mock-small")
        for stream in (False, True):
            body = json.dumps({"model": "m", "stream": stream})
            self.assertEqual(rig.request("POST", "/v1/chat/completions", body)[0], 200)
        body = b"".join(pattern(1 << 20))
        self.assertEqual(rig.request("POST", "/echo", body)[::2], (200, body))
        self.assertEqual(rig.request("GET", "/status/404")[0], 404)
        self.assertEqual(rig.request("GET", "/raw/garbage")[0], 502)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            rig.request("GET", "/break/chunked")

        conn = rig.connect()
        conn.request("GET", f"/gated/{self.name()}")
        read_exactly(conn.getresponse(), 6)
        conn.close()
        rig.mock.wait_for(r"^closed \d+")

        rig.serve.kill(2)
        self.assertEqual(rig.serve.wait_exit(), 0)
        rig.start_serve(name="serve again")
        rig.wait_up()


class Paths(Case):
    def paths(self, *flags, base=""):
        """What the upstream sees of each of some paths."""
        rig = self.rig
        rig.start_mock()
        rig.start_signal()
        rig.start_serve(*flags, upstream=rig.upstream_url + base)
        rig.start_proxy()
        rig.wait_connected()
        seen = {}
        for path in ("/v1/models?x=1", "/v1", "/v1/", "/v1?x", "/v10/x", "/other", "/"):
            mark = rig.mock.mark()
            rig.request("GET", path)
            seen[path] = rig.mock.wait_for(r"^request \d+ conn \d+ GET (\S+)", after=mark)[1]
        return seen

    def test_advertise(self):
        """--advertise /v1 takes the prefix off, at a whole segment only"""
        self.assertEqual(
            self.paths("--advertise", "/v1"),
            {
                "/v1/models?x=1": "/models?x=1",
                "/v1": "/",
                "/v1/": "/",
                "/v1?x": "/?x",
                "/v10/x": "/v10/x",
                "/other": "/other",
                "/": "/",
            },
        )

    def test_base_path(self):
        """a base path of --upstream goes before every path"""
        self.check_base(self.paths(base="/base"))

    def test_base_path_with_slash(self):
        """the same when it is written with a slash at its end"""
        self.check_base(self.paths(base="/base/"))

    def check_base(self, seen):
        self.assertEqual(seen["/v1/models?x=1"], "/base/v1/models?x=1")
        self.assertEqual(seen["/"], "/base/")
        self.assertEqual(seen["/v1?x"], "/base/v1?x")

    def test_both(self):
        """--advertise and a base path together"""
        seen = self.paths("--advertise", "/v1", base="/inspect/api")
        self.assertEqual(seen["/v1/models?x=1"], "/inspect/api/models?x=1")
        self.assertEqual(seen["/other"], "/inspect/api/other")

    def test_redirect(self):
        """an absolute redirect of the upstream's leads through the tunnel"""
        self.paths("--advertise", "/v1", base="/slash")
        status, fields, _ = self.rig.request("POST", "/v1/mcp", b"{}")
        self.assertEqual((status, fields["Location"]), (307, "/v1/mcp/"))
        status, _, body = self.rig.request("POST", fields["Location"], b"{}")
        self.assertEqual((status, json.loads(body)["path"]), (200, "/slash/mcp/"))

    def test_host_name(self):
        """an upstream by name, with whatever addresses the name has"""
        rig = self.rig
        rig.start_mock()
        port = rig.upstream_url.rsplit(":", 1)[1]
        rig.start_signal()
        rig.start_serve(upstream=f"http://localhost:{port}")
        rig.start_proxy()
        rig.wait_up()
        fields = dict(rig.get_json("/inspect/")["headers"])
        self.assertEqual(fields["Host"], f"localhost:{port}")
        # It leads back through the tunnel, by whatever name it calls itself.
        own = f"http://127.0.0.1:{rig.proxy_address[1]}/inspect/a"
        status, fields, _ = rig.request("GET", "/own/a")
        self.assertEqual((status, fields["Location"]), (401, "/inspect/a"))
        self.assertEqual(fields["Link"], f'<{own}>; rel="next"')
        self.assertEqual(fields["WWW-Authenticate"], f'Bearer resource_metadata="{own}"')

    def test_unknown_host(self):
        """an upstream whose name does not resolve: 502"""
        rig = self.rig
        rig.start_signal()
        # A label of 64 bytes: no name server is asked, however slow it is.
        rig.start_serve(upstream=f"http://{'x' * 64}.invalid")
        rig.start_proxy()
        rig.wait_connected()
        self.assertEqual(rig.request("GET", "/")[0], 502)


if __name__ == "__main__":
    unittest.main()
