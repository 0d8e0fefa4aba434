"""Node.js clients that people use, through the tunnel, against Node.js servers."""

import json
import os
import re
import unittest

from harness import NODE, Case, why_no_npm

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = why_no_npm(HERE, "ws")


@unittest.skipIf(MISSING, MISSING)
class NodeCase(Case):
    shared = True

    @classmethod
    def start(cls, rig):
        argv = [NODE, os.path.join(HERE, "server.mjs")]
        cls.server = rig.run("server", argv, is_product=False)
        rig.upstream_url = cls.server.wait_for(r"^listening (\S+)")[1]
        rig.start_signal()
        rig.start_serve()
        rig.start_proxy()
        rig.wait_connected()

    def run_client(self, program, *args):
        host, port = self.rig.proxy_address
        argv = [NODE, os.path.join(HERE, program), f"http://{host}:{port}", *args]
        client = self.rig.run(program, argv, is_product=False)
        client.wait_for(r"^done", deadline=60)

    def wait_server(self, event, details, after=0):
        """Until the server has said that."""
        self.server.wait_for(rf"^{event} {re.escape(json.dumps(details, separators=(',', ':')))}",
                             after=after)


class NodeClients(NodeCase):
    def test_ollama(self):
        """ollama: list, chat, a 4 MB image, streamed chat, abort"""
        self.run_client("ollama.mjs")
        self.wait_server("closed", "/api/chat")

    def test_eventsource(self):
        """eventsource: events as they come, reconnection with Last-Event-ID"""
        self.run_client("eventsource.mjs")
        self.wait_server("closed", "/events/sse")

    def test_socketio_polling(self):
        """socket.io by long polling: 1 MB both ways, disconnects from either side"""
        self.run_client("socketio.mjs", "polling")


class NodeUpgrades(NodeCase):
    """What needs the upgrade to WebSocket."""

    def test_ws(self):
        """ws: 1 MB both ways, compression, pings, closes from either side"""
        mark = self.server.mark()
        self.run_client("websocket.mjs")
        self.wait_server("ws-closed", [4000, "by the client"], mark)
        self.wait_server("ws-closed", [4001, "as asked"], mark)
        self.wait_server("ws-closed", [1006, ""], mark)

    def test_socketio_upgrade(self):
        """socket.io from polling to WebSocket"""
        mark = self.server.mark()
        self.run_client("socketio.mjs", "polling,websocket")
        self.wait_server("io-disconnected", ["websocket", "client namespace disconnect"], mark)

    def test_socketio_websocket(self):
        """socket.io by WebSocket from the start"""
        mark = self.server.mark()
        self.run_client("socketio.mjs", "websocket")
        self.wait_server("io-disconnected", ["websocket", "client namespace disconnect"], mark)


if __name__ == "__main__":
    unittest.main()
