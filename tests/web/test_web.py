"""The library for browsers (web/tunnel/) in real ones, against `tunnel serve`."""

import gzip
import hashlib
import json
import os
import signal
import unittest

from browser import Browser, why_not
from harness import CONNECTED, DEADLINE, Case, pattern
from hostile_signal import HostileSignal, honest
from link_rig import LinkRig

TEN_MB = 10 << 20


def flipped(_sender, receiver, message):
    """One character in the middle is another."""
    name = "candidate" if message["type"] == "candidate" else "sdp"
    text = message[name]
    middle = len(text) // 2
    text = text[:middle] + ("B" if text[middle] == "A" else "A") + text[middle + 1:]
    return [(receiver, {**message, name: text})]


class Web:
    """One browser for all tests; most share a tunnel, which stands in for how a
    page is used: it stays, and things happen."""

    rig_type = LinkRig
    shared = True
    seconds = 240
    name_of_browser = None

    @classmethod
    def setUpClass(cls):
        if missing := why_not(cls.name_of_browser):
            raise unittest.SkipTest(missing)
        cls.browser = Browser(cls.name_of_browser)
        cls.addClassCleanup(cls.browser.close)
        super().setUpClass()

    @classmethod
    def start(cls, rig):
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        cls.connect(rig.invite("phone"))

    @classmethod
    def connect(cls, link, name="tunnel", timeout=60000):
        return cls.browser.run(f"""
            kept.{name} = await connect({json.dumps(link)}, {{
                iceServers: [], timeout: {timeout},
                onstatus: ({{ state, text }}) => say(`{name} ${{state}}: ${{text}}`),
            }});""")

    def page(self, code):
        return self.browser.run(code, 2 * DEADLINE)

    def other_rig(self):
        """Beside that which all share."""
        rig = LinkRig()
        self.addCleanup(rig.close)
        rig.start_mock()
        return rig

    def failure(self, code):
        """The TypeError that it ends with: its words and its cause."""
        return self.page(f"""
            try {{ {code} }} catch (error) {{
                return [error.constructor === TypeError, error.message, error.cause?.type ?? null];
            }}""")

    # --- exchanges ---

    def test_get(self):
        """GET: status, fields one by one, trailers, a redirect, HEAD"""
        got = self.page("""
            const one = await kept.tunnel.fetch("/v1/models?x=1", { headers: [["X-A", "1"], ["X-A", "2"]] });
            const inspected = await (await kept.tunnel.fetch("http://other.example/inspect/a?b=c#d", {
                headers: [["X-A", "1"], ["X-A", "2"]] })).json();
            const cookies = await kept.tunnel.fetch("/cookies");
            const trailed = await kept.tunnel.fetch("/raw/trailers");
            const text = await trailed.text();
            const moved = await kept.tunnel.fetch("/status/302");
            const manual = await kept.tunnel.fetch("/status/302", { redirect: "manual" });
            const head = await kept.tunnel.fetch("/bytes/1000", { method: "head" });
            return {
                id: (await one.json()).data[0].id, ok: one.ok, inspected,
                cookies: cookies.fields.filter(([name]) => name === "Set-Cookie").map(([, value]) => value),
                text, trailers: await trailed.trailers, moved: [moved.redirected, new URL(moved.url).pathname],
                manual: manual.status, head: [head.headers.get("content-length"), await head.text()],
            };""")
        self.assertEqual((got["id"], got["ok"]), ("mock-small", True))
        self.assertEqual(got["inspected"]["path"], "/inspect/a?b=c")
        self.assertEqual([v for k, v in got["inspected"]["headers"] if k == "X-A"], ["1", "2"])
        self.assertEqual(got["cookies"], ["a=1", "b=2; Path=/", "a=3"])
        self.assertEqual((got["text"], got["trailers"]), ("hello", [["X-Sum", "1"]]))
        self.assertEqual((got["moved"], got["manual"]), ([True, "/health"], 302))
        self.assertEqual(got["head"], ["1000", ""])

    def test_bodies(self):
        """10 MB go up as a stream while they come back; a form"""
        got = self.page(f"""
            const body = new Uint8Array({TEN_MB}).map((_, i) => i * 31 + (i >> 8));
            let at = 0;
            const stream = new ReadableStream({{ pull(controller) {{
                if (at === body.length) return controller.close();
                controller.enqueue(body.subarray(at, at + 100000));
                at = Math.min(at + 100000, body.length);
            }} }});
            const echo = await kept.tunnel.fetch("/echo", {{ method: "POST", body: stream }});
            const back = await echo.arrayBuffer();
            const form = new FormData();
            form.append("name", "é");
            const inspected = await (await kept.tunnel.fetch("/inspect", {{ method: "POST", body: form }})).json();
            const digest = await kept.tunnel.fetch("/digest", {{ method: "POST", body: new Blob([body]) }});
            return {{ sent: await sha256(body), back: await sha256(back), digest: await digest.json(), inspected }};""")
        self.assertEqual([got["back"], got["digest"]["sha256"]], [got["sent"]] * 2)
        self.assertEqual(got["digest"]["bytes"], TEN_MB)
        fields = {k.lower(): v for k, v in got["inspected"]["headers"]}
        self.assertRegex(fields["content-type"], "^multipart/form-data; boundary=")

    def test_gzip(self):
        """gzip of several members, however it is cut; nothing; and what is not whole"""
        members = [b"a" * 70000, b"", gzip.compress(b"not another member"), b"end"]
        packed = [gzip.compress(members[0]), *(gzip.compress(m, 0) for m in members[1:])]
        got = self.page(f"""
            const {{ Gunzip }} = await import("/tunnel/gunzip.js");
            const unpack = async (pieces) => {{
                const body = new ReadableStream({{ start(controller) {{
                    for (const piece of pieces) controller.enqueue(Uint8Array.from(piece));
                    controller.close();
                }} }});
                const out = body.pipeThrough(new TransformStream(new Gunzip()));
                const bytes = await new Response(out).arrayBuffer().catch(() => null);
                return bytes && sha256(bytes);
            }};
            const members = {json.dumps([list(p) for p in packed])};
            const all = members.flat();
            return [
                await unpack(members), await unpack([all]), await unpack(all.map((b) => [b])),
                await unpack([]), await unpack([all.slice(0, -1)]), await unpack([[...all, 0]]),
                await unpack([[...members[1].slice(0, -1), ...members[3]]]),
            ];""")
        whole = hashlib.sha256(b"".join(members)).hexdigest()
        empty = hashlib.sha256(b"").hexdigest()
        self.assertEqual(got, [whole] * 3 + [empty] + [None] * 3)

    def test_completion(self):
        """a completion streams: the first token is there before the second is sent"""
        gate = self.name()
        mark = self.browser.mark()
        done = self.browser.begin(f"""
            const body = JSON.stringify({{ model: "gated:{gate}", stream: true }});
            const headers = {{ "Content-Type": "application/json" }};
            const response = await kept.tunnel.fetch("/v1/chat/completions", {{ method: "POST", headers, body }});
            let text = "";
            for (const reader = response.body.getReader(); ;) {{
                const {{ value, done }} = await reader.read();
                if (done) return text;
                if (text === "") say("first token {gate}");
                text += new TextDecoder().decode(value);
            }}""")
        self.browser.wait_said(f"first token {gate}", mark)
        self.rig.mock.send(f"open {gate}")
        self.assertTrue(self.browser.end(done).endswith("data: [DONE]\n\n"))

    def test_abort(self):
        """an abort reaches the upstream, before the head and in mid-body"""
        gate = self.name()
        mark = self.rig.mock.mark()
        waiting = self.browser.begin(f"""
            kept.abort = new AbortController();
            try {{
                await kept.tunnel.fetch("/slow/{gate}", {{ signal: kept.abort.signal }});
            }} catch (error) {{ return error.name; }}""")
        number = self.rig.mock.wait_for(rf"request (\d+) .*/slow/{gate}", after=mark)[1]
        self.page("kept.abort.abort();")
        self.assertEqual(self.browser.end(waiting), "AbortError")
        self.rig.mock.wait_for(rf"closed {number}$", after=mark)
        got = self.page("""
            const abort = new AbortController();
            const response = await kept.tunnel.fetch("/endless", { signal: abort.signal });
            const reader = response.body.getReader();
            await reader.read();
            abort.abort();
            try { for (;;) await reader.read(); } catch (error) { return error.name; }""")
        self.assertEqual(got, "AbortError")
        number = self.rig.mock.wait_for(r"request (\d+) .*/endless", after=mark)[1]
        self.rig.mock.wait_for(rf"closed {number}$", after=mark)

    def test_slow_reader(self):
        """who does not read is sent no more than a window; others pass"""
        mark = self.rig.mock.mark()
        got = self.page("""
            kept.slow = (await kept.tunnel.fetch("/bytes/100000000")).body.getReader();
            await kept.slow.read();
            return (await (await kept.tunnel.fetch("/bytes/1000000")).arrayBuffer()).byteLength;""")
        self.assertEqual(got, 1000000)
        number = self.rig.mock.wait_for(r"request (\d+) .*/bytes/100000000", after=mark)[1]
        self.page("await kept.slow.cancel();")
        self.rig.mock.wait_for(rf"closed {number}$", after=mark)
        self.assertEqual(self.rig.mock.count(rf"^sent {number} [3-9]\d{{7}}", after=mark), 0)

    def test_many(self):
        """50 at once, each with its own bytes"""
        got = self.page("""
            const sizes = Array.from({ length: 50 }, (_, i) => i * 3001 + 1);
            return Promise.all(sizes.map(async (size) => {
                const bytes = await (await kept.tunnel.fetch(`/bytes/${size}`)).arrayBuffer();
                return [bytes.byteLength, await sha256(bytes)];
            }));""")
        whole = b"".join(pattern(1 << 20))
        wanted = [[size, hashlib.sha256(whole[:size]).hexdigest()] for size in range(1, 50 * 3001, 3001)]
        self.assertEqual(got, wanted)

    def test_errors(self):
        """what goes wrong is a TypeError with the reason; a cut body is one, too"""
        for code, words in (
                ("kept.tunnel.fetch('/break/head')", "closed|broke|ended|answer"),
                ("(await kept.tunnel.fetch('/break/length')).text()", "closed|broke|ended|cut"),
                ("kept.tunnel.fetch('/raw/garbage')", "HTTP"),
                ("kept.tunnel.fetch('/own/x', { redirect: 'error', method: 'GET', body: 'x' })", "no body"),
                ("kept.tunnel.fetch('/', { headers: { 'Transfer-Encoding': 'chunked' } })", "Transfer-Encoding"),
                ("kept.tunnel.fetch('/status/302', { redirect: 'error' })", "redirects to /health")):
            with self.subTest(code):
                is_type_error, message, _ = self.failure(f"await {code};")
                self.assertTrue(is_type_error)
                self.assertRegex(message, words)

    def test_websocket(self):
        """WebSocket: text, 1 MB, a subprotocol, the close code; a refusal"""
        mark = self.rig.mock.mark()
        got = self.page("""
            const socket = new kept.tunnel.WebSocket("/websocket", ["echo", "other"]);
            socket.binaryType = "arraybuffer";
            const next = (type) => new Promise((done) => socket.addEventListener(type, done, { once: true }));
            await next("open");
            socket.send("héllo");
            const { data: text } = await next("message");
            const bytes = new Uint8Array(1 << 20).map((_, i) => i * 7);
            socket.send(new Blob([bytes]));
            const { data } = await next("message");
            socket.close(4001, "enough");
            const { code, reason, wasClean } = await next("close");
            return { text, size: data.byteLength, same: await sha256(data) === await sha256(bytes),
                     protocol: socket.protocol, closed: [code, reason, wasClean] };""")
        self.assertEqual(got, {"text": "héllo", "size": 1 << 20, "same": True, "protocol": "echo",
                               "closed": [4001, "enough", True]})
        self.rig.mock.wait_for("websocket closed 4001 enough", after=mark)
        got = self.page("""
            const socket = new kept.tunnel.WebSocket("/health");
            return new Promise((done) => socket.onclose = ({ code }) => done([code, socket.readyState]));""")
        self.assertEqual(got, [1006, 3])

    def test_subprotocols(self):
        """A WebSocket fails as a browser's where none of its subprotocols is chosen, or another one"""
        for choice, offered, seen in (("other", ["echo", "other"], ["open", "other"]), ("none", [], ["open", ""]),
                                      ("none", ["echo", "other"], ["error", ""]), ("wrong", ["echo"], ["error", ""])):
            with self.subTest(choice=choice, offered=offered):
                got = self.page(f"""
                    const socket = new kept.tunnel.WebSocket("/websocket/choose-{choice}", {json.dumps(offered)});
                    const type = await new Promise((done) => {{
                        for (const type of ["open", "error"]) socket.addEventListener(type, () => done(type));
                    }});
                    socket.close();
                    return [type, socket.protocol];""")
                self.assertEqual(got, seen)

    # --- coming back ---

    def test_ice_restart(self):
        """ICE restarts in mid-stream, which goes on over the new path"""
        gate = self.name()
        mark = self.browser.mark()
        done = self.browser.begin(f"""
            const reader = (await kept.tunnel.fetch("/gated/{gate}")).body.getReader();
            let text = new TextDecoder().decode((await reader.read()).value);
            say("first {gate}");
            for (;;) {{
                const {{ value, done }} = await reader.read();
                if (done) return text;
                text += new TextDecoder().decode(value);
            }}""")
        self.browser.wait_said(f"first {gate}", mark)
        self.page("""
            const open = connections.findLast((connection) => connection.connectionState === "connected");
            const ufrag = () => /a=ice-ufrag:(.*)/.exec(open.currentRemoteDescription.sdp)[1];
            const before = ufrag();
            dispatchEvent(new Event("online")); // as when another network is there
            await new Promise((done) => open.addEventListener("signalingstatechange", () =>
                open.signalingState === "stable" && ufrag() !== before && done()));""")
        self.rig.mock.send(f"open {gate}")
        self.assertEqual(self.browser.end(done), "first\nsecond\n")

    def test_serve_restarts(self):
        """a killed serve comes back; what was under way fails, what comes waits"""
        gate = self.name()
        waiting = self.browser.begin(f"""
            try {{ await (await kept.tunnel.fetch("/gated/{gate}")).text(); return "whole"; }}
            catch (error) {{ return [error.name, error.cause.type]; }}""")
        self.rig.mock.wait_for(f"request .*/gated/{gate}")
        self.rig.serve.kill(signal.SIGKILL)
        self.rig.serve.wait_exit()
        # Not noticed yet, but there is reason to doubt: it waits.
        doubtful = self.browser.begin("""
            dispatchEvent(new Event("online"));
            return (await kept.tunnel.fetch("/health")).status;""")
        self.rig.start_serve().wait_for(CONNECTED)
        self.assertEqual(self.browser.end(doubtful), 200)
        self.assertEqual(self.browser.end(waiting), ["TypeError", "tunnel_interrupted"])
        self.assertEqual(self.page("return (await kept.tunnel.fetch('/health')).status;"), 200)

    def test_signal_restarts(self):
        """the signal server goes, which no session notices, and comes back"""
        rig = self.other_rig()
        rig.start_signal()
        rig.start_serve()
        self.connect(rig.invite("phone"), "second")
        port = rig.signal_url.rpartition(":")[2]
        rig.signal.kill(signal.SIGINT)
        rig.signal.wait_exit()
        self.assertEqual(self.page("return (await kept.second.fetch('/health')).status;"), 200)
        rig.start_signal(listen=f"127.0.0.1:{port}")
        rig.wait_peers(2)
        # They meet there again: another serve is found.
        rig.serve.kill(signal.SIGKILL)
        rig.serve.wait_exit()
        rig.start_serve().wait_for(CONNECTED)
        self.assertEqual(self.page("return (await kept.second.fetch('/health')).status;"), 200)
        self.page("kept.second.close();")

    # --- links ---

    def test_two_devices(self):
        """two devices at one serve, at the same time, each by its own rules"""
        self.connect(self.rig.invite("laptop", "--allow", "GET /health"), "laptop")
        got = self.page("""
            const all = ["/health", "/v1/models"].flatMap((path) =>
                [kept.tunnel, kept.laptop].map((one) => one.fetch(path)));
            const statuses = (await Promise.all(all)).map(({ status }) => status);
            kept.laptop.close();
            return statuses;""")
        self.assertEqual(got, [200, 200, 200, 403])

    def test_hostile_signal(self):
        """a signal server that alters words gets nothing, until it is honest"""
        rig = self.other_rig()
        hostile = HostileSignal()
        self.addCleanup(hostile.close)
        hostile.attack = flipped
        rig.signal_url = hostile.url
        rig.start_serve()
        hostile.wait_seats(1, DEADLINE)
        mark = self.browser.mark()
        link = rig.invite("phone")
        connecting = self.browser.begin(f"""
            kept.third = await connect({json.dumps(link)}, {{
                iceServers: [], timeout: 60000, onstatus: ({{ state }}) => say("third " + state) }});""")
        rig.serve.wait_for("dropped")
        self.assertEqual([text for text in self.browser.said[mark:] if text == "third connected"], [])
        hostile.behave(honest)
        self.browser.end(connecting)
        self.assertEqual(self.page("return (await kept.third.fetch('/health')).status;"), 200)
        self.page("kept.third.close();")

    def test_bad_links(self):
        """a link that is none, one that nobody answers, and one that is revoked"""
        rig = self.other_rig()
        rig.start_signal()
        rig.start_serve()
        link = rig.invite("phone")
        for bad, words in ((link[:-1] + "1", "typo"), (link[:-3], "too short"),
                           (link.split("#")[0], "no secret"), ("#" + link.split("#")[1], "only the secret")):
            is_type_error, message, _ = self.failure(f"await connect({json.dumps(bad)});")
            self.assertTrue(is_type_error)
            self.assertIn(words, message)
        self.connect(link, "fourth")
        mark = self.browser.mark()
        rig.tunnel("revoke", "phone", "--state", rig.state)
        self.browser.wait_said("fourth connecting: .*invite was revoked", mark)
        self.page("kept.fourth.close();")
        is_type_error, message, _ = self.failure(
            f"await connect({json.dumps(link)}, {{ iceServers: [], timeout: 500 }});")
        self.assertTrue(is_type_error)
        self.assertIn("does not answer this link", message)


class Chromium(Web, Case):
    name_of_browser = "chromium"


class Firefox(Web, Case):
    name_of_browser = "firefox-esr"


if __name__ == "__main__":
    unittest.main()
