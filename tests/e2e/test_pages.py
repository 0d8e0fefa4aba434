"""What a browser's pages may do through the tunnel: names that lead to this
machine, origins, and what the tunnel's own answers let a page read."""

import json

from harness import Case, free_port

PAGE = "https://app.example"
SET = "X-Key: secret of the test"


class PageCase(Case):
    shared = True

    def ask(self, method, path, body=None, expected=200, **fields):
        """The fields and the body of an answer of that status."""
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        status, got, body = self.rig.request(method, path, body, fields)
        self.assertEqual(status, expected, body)
        return got, body

    def inspect(self, method, **fields):
        """The fields that the upstream got."""
        return dict(json.loads(self.ask(method, "/inspect/", **fields)[1])["headers"])

    def check_readable(self, fields):
        self.assertEqual(fields["Access-Control-Allow-Origin"], PAGE)
        self.assertEqual(fields["Vary"], "Origin")

    def preflight(self, expected, method="PUT"):
        fields, _ = self.ask("OPTIONS", "/inspect/", expected=expected, Origin=PAGE,
                             Access_Control_Request_Method=method,
                             Access_Control_Request_Headers="authorization")
        return fields


class LentKey(PageCase):
    """serve --header lends a key to whoever comes."""

    @classmethod
    def start(cls, rig):
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--header", SET)
        rig.start_proxy()
        rig.wait_connected()

    @property
    def own(self):
        return "http://127.0.0.1:%d" % self.rig.proxy_address[1]

    def test_names(self):
        """names that a name server can give away get 421, which names the flag"""
        mark = self.rig.mock.mark()
        for host in ("pages.example", "pages.example:8000", "127.0.0.1.pages.example"):
            with self.subTest(host):
                _, body = self.ask("GET", "/health", expected=421, Host=host)
                hint = f"--allow-host {host.split(':')[0]} lets it in"
                self.assertIn(hint, json.loads(body)["error"]["message"])
        _, body = self.ask("GET", "/health", expected=421, Host="a;b")
        self.assertIn("--allow-host NAME lets", json.loads(body)["error"]["message"])
        self.assertEqual(self.rig.mock.count("^request", mark), 0)
        for host in ("127.0.0.1", "[::1]:1", "localhost:8000", "app.localhost", "192.0.2.1"):
            with self.subTest(host):
                self.ask("GET", "/health", Host=host)

    def test_foreign(self):
        """a page of another origin may not use the key to change anything"""
        mark = self.rig.mock.mark()
        for method in ("POST", "PUT", "DELETE"):
            fields, body = self.ask(method, "/inspect/", b"{}", expected=403, Origin=PAGE)
            self.assertIn("--allow-origin", json.loads(body)["error"]["message"])
            self.check_readable(fields)
        self.ask("POST", "/inspect/", b"{}", expected=403, Origin="null")
        self.ask("GET", "/upgrade/x", expected=403, Origin=PAGE, Connection="Upgrade",
                 Upgrade="echo")
        self.assertEqual(self.rig.mock.count("^request", mark), 0)

    def test_not_foreign(self):
        """reading is free, and so is what no page sends, or one of the API's own"""
        self.assertEqual(self.inspect("GET", Origin=PAGE)["Origin"], PAGE)
        self.assertEqual(self.inspect("POST", Origin=self.own)["Origin"], self.own)
        self.assertEqual(self.inspect("POST")["X-Key"], SET.partition(": ")[2])

    def test_trace(self):
        """TRACE would show the key: 405; what ends at the proxy never had it"""
        fields, _ = self.ask("TRACE", "/", expected=405)
        self.assertIn("GET", fields["Allow"])
        self.assertNotIn("TRACE", fields["Allow"])
        _, body = self.ask("TRACE", "/", Max_Forwards="0", Cookie="mine")
        self.assertTrue(body.startswith(b"TRACE / HTTP/1.1\r\n"), body)
        self.assertNotIn(b"secret", body)
        self.assertNotIn(b"mine", body)


class Allowed(PageCase):
    """The same with --allow-host and --allow-origin."""

    @classmethod
    def start(cls, rig):
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--header", SET, "--allow-origin", "https://b.example",
                        "--allow-origin", PAGE)
        rig.start_proxy("--allow-host", "pages.example")
        rig.wait_connected()

    def test_allowed(self):
        """what is named may come, and nothing else"""
        self.ask("GET", "/health", Host="Pages.Example:8000")
        self.ask("GET", "/health", Host="pages.example.org", expected=421)
        self.assertEqual(self.inspect("POST", Origin=PAGE)["Origin"], PAGE)
        self.ask("POST", "/inspect/", b"{}", expected=403, Origin=PAGE + ":81")


class KeyAndVersion1(PageCase):
    """A consumer without any extension of the protocol."""

    @classmethod
    def start(cls, rig):
        rig.start_mock()
        rig.start_signal()
        rig.start_serve("--header", SET)
        rig.start_proxy("--without", "fields,flow,channels,interim,upgrade")
        rig.wait_connected()

    def test_refusals(self):
        """the refusals of serve are responses, which every consumer carries"""
        self.check_readable(self.ask("POST", "/inspect/", b"{}", expected=403, Origin=PAGE)[0])
        self.ask("TRACE", "/", expected=405)
        self.ask("POST", "/inspect/", b"{}")


class NoUpstream(PageCase):
    """Answers of the tunnel's own."""

    @classmethod
    def start(cls, rig):
        rig.upstream_url = f"http://127.0.0.1:{free_port()}"
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_connected()

    def test_readable(self):
        """a page may read why there is no answer"""
        fields, body = self.ask("POST", "/v1/models", b"{}", expected=502, Origin=PAGE)
        self.check_readable(fields)
        self.assertIn("Proxy-Status", fields["Access-Control-Expose-Headers"])
        self.assertIn("refused", json.loads(body)["error"]["message"])
        fields, _ = self.ask("GET", "/", expected=502)
        self.assertNotIn("Access-Control-Allow-Origin", fields)

    def test_event_source(self):
        """an EventSource, which 502 would end for good, gets nothing, and asks again"""
        mark = self.rig.proxy.mark()
        stream = {"Accept": "text/event-stream"}
        ask = {**stream, "Cache-Control": "no-cache"}
        for fields in (ask, {**ask, "Origin": PAGE}):
            with self.assertRaises(ConnectionResetError):
                self.rig.request("GET", "/events", headers=fields)
        self.rig.proxy.wait_for("GET /events no answer.*refused", after=mark)
        for fields in (stream, {**ask, "Accept": "application/json, text/event-stream"}):
            status, got, _ = self.rig.request("GET", "/events", headers=fields)
            self.assertEqual(status, 502)
            self.assertIn("error=connection_refused", got["Proxy-Status"])

    def test_preflight(self):
        """its preflight is let through, so that it can"""
        fields = self.preflight(204)
        self.check_readable(fields)
        self.assertEqual(fields["Access-Control-Allow-Methods"], "PUT")
        self.assertEqual(fields["Access-Control-Allow-Headers"], "authorization")
        self.assertEqual(fields["Access-Control-Max-Age"], "0")
        self.ask("OPTIONS", "/", expected=502, Origin=PAGE)  # which is no preflight
