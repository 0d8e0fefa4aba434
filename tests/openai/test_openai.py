"""Client libraries of LLM servers: the npm `openai` client through the tunnel,
against the mock upstream, and what each says when there is no upstream."""

import json
import os
import shutil
import tempfile
import unittest

from harness import CONNECTED, NODE, Case, free_port, why_no_npm

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = why_no_npm(HERE, "openai")
REPLY = "A tunnel carries every token the moment it leaves the server: nothing waits."


@unittest.skipIf(MISSING, MISSING)
class OpenAI(Case):
    def test_client(self):
        """completion, streamed completion, 20 MB images, tools, abort in mid-stream, typed error"""
        self.rig.start_all()
        gate = self.name()
        host, port = self.rig.proxy_address
        program = os.path.join(HERE, "client.mjs")
        argv = [NODE, program, f"http://{host}:{port}/v1", f"gated:{gate}"]
        client = self.rig.run("openai", argv, is_product=False)

        def value(event):
            return json.loads(client.wait_for(rf"^{event} (.*)")[1])

        self.assertEqual(value("models"), ["mock-small", "mock-large"])
        self.assertEqual(value("completion"), REPLY)
        value("first-token")  # the rest is still behind the gate
        self.rig.mock.send(f"open {gate}")
        self.assertEqual(value("streamed"), REPLY)
        self.assertEqual(value("images"), True)
        self.assertEqual(value("tool"), {"name": "look_up", "arguments": {"term": "a tunnel"}})
        self.assertEqual(value("abort"), "A")
        self.rig.mock.wait_for(r"^closed \d+")
        self.assertEqual(value("error"), {"name": "NotFoundError", "status": 404})
        client.wait_for("^done")


CLIENTS = """openai openai-stream openai-below-api anthropic anthropic-stream ollama ollama-stream
    ollama-list ai-openai ai-openai-responses ai-openai-compatible ai-anthropic
    ai-anthropic-stream""".split()


@unittest.skipIf(MISSING, MISSING)
class Errors(Case):
    def test_words(self):
        """each library shows the tunnel's words, in the form that it looks for"""
        upstream = f"http://127.0.0.1:{free_port()}"
        self.rig.upstream_url = upstream
        self.rig.start_signal()
        self.rig.start_serve()
        self.rig.start_proxy()
        self.rig.wait_connected()
        host, port = self.rig.proxy_address
        argv = [NODE, os.path.join(HERE, "errors.mjs"), f"http://{host}:{port}"]
        clients = self.rig.run("clients", argv, is_product=False)
        clients.wait_for("^done", deadline=60)
        words = f"upstream {upstream.removeprefix('http://')}: connection refused"
        for name in CLIENTS:
            with self.subTest(name):
                self.assertIn(words, json.loads(clients.wait_for(rf"^{name} (.*)")[1]))


REALTIME = MISSING or why_no_npm(HERE, "openai-7") or why_no_npm(HERE, "ws")


@unittest.skipIf(REALTIME, REALTIME)
class Realtime(Case):
    def test_tls(self):
        """REST and Realtime, which knows no ws:, over the TLS of proxy --tls"""
        rig = self.rig
        state = tempfile.mkdtemp(prefix="tunnel-realtime-")
        self.addCleanup(shutil.rmtree, state)
        rig.start_mock()
        rig.start_signal()
        rig.start_serve()
        proxy = rig.run("proxy", rig.argv("proxy", {"listen": "127.0.0.1:0", "state": state}) + ["--tls"])
        port = proxy.wait_for(r"listening on https://127.0.0.1:(\d+)")[1]
        told = proxy.wait_for(r"NODE_EXTRA_CA_CERTS=(\S+) for Node.js")[1]
        proxy.wait_for(CONNECTED)
        argv = [NODE, os.path.join(HERE, "realtime.mjs"), f"https://localhost:{port}"]
        client = rig.run("realtime", argv, {"NODE_EXTRA_CA_CERTS": told}, is_product=False)

        def value(event):
            return json.loads(client.wait_for(rf"^{event} (.*)")[1])

        self.assertEqual(value("models"), ["mock-small", "mock-large"])
        self.assertEqual(value("streamed"), REPLY)
        self.assertEqual(value("dialled"), f"wss://localhost:{port}/websocket/realtime")
        self.assertEqual(value("echoed"), {"type": "response.create",
                                           "response": {"instructions": "say ä"}})
        self.assertEqual(value("closed"), 1000)
        rig.mock.wait_for("websocket closed 1000 enough")


if __name__ == "__main__":
    unittest.main()
