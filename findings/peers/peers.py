"""Peers of six WebRTC stacks, each in a process of its own."""

import json
import queue
import socket
import subprocess
import threading
import time

COMMANDS = {
    "@roamhq/wrtc": ["node", "peer.mjs", "@roamhq/wrtc"],
    "werift": ["node", "peer.mjs", "werift"],
    "node-datachannel": ["node", "peer.mjs", "node-datachannel/polyfill"],
    "aiortc": ["venv/bin/python", "peer_aiortc.py"],
    "pion": ["./peer"],
    "webrtcbin": ["/usr/bin/python3", "peer_gst.py"],
}


def own_address():
    """Not 127.0.0.1, of which webrtcbin makes no candidate."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.254", 9))  # nothing is sent
        return asked.getsockname()[0]


class Peer:
    """ICE servers are those of W3C's iceServers; more is for the stack's own program."""

    def __init__(self, stack, servers=(), more=()):
        command = [*COMMANDS[stack], json.dumps(servers), *more]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.said = queue.Queue()
        self.events = []  # (when, what it said)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            words = json.loads(line)
            if "event" in words:
                self.events.append((time.monotonic(), words))
            else:
                self.said.put(words)

    def do(self, do, **more):
        """What it answers to a command."""
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        return self.said.get(timeout=60)

    def when(self, seconds, **expected):
        """When the first event came that is like this, or None if none has in that time."""
        until = time.monotonic() + seconds
        while True:
            for at, event in self.events[:]:
                if expected.items() <= event.items():
                    return at
            if time.monotonic() > until:
                return None
            time.sleep(0.02)

    def until(self, seconds, holds):
        """Waits for what its events make true, and no longer than that."""
        until = time.monotonic() + seconds
        while not holds() and time.monotonic() < until:
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
