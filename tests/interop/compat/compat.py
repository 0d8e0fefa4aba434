#!/usr/bin/python3
"""usage: compat.py STACK [COMMAND...]   (compat.sh has them all)

Measures how `tunnel serve` and `tunnel proxy` get along with a WebRTC stack.
COMMAND is a program that wraps one peer connection of that stack, and no more.
It takes lines of JSON,

    {"do": "offer"}      makes a channel and an offer
    {"do": "restart"}    makes an offer that restarts ICE
    {"do": "remote", "type", "sdp"}     and answers, if that is an offer
    {"do": "candidate", "candidate"}
    {"do": "send", "hex"}               on the channel
    {"do": "close"}      the peer connection

and tells by lines of JSON what happens: started, description (type, sdp), candidate,
open, message (hex), closed (the channel), failed (at, text).

What goes over signalling and channel (docs/PROTOCOL.md) is done here. The ends
live in network namespaces, so that a machine can move: it needs root.
"""

import json
import os
import queue
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
E2E = os.path.join(os.path.dirname(os.path.dirname(HERE)), "e2e")
sys.path[:0] = [E2E, os.path.dirname(HERE)]

from harness import CONNECTED, WAITING  # noqa: E402
from spaces import SpacesRig, do_inside, why_not  # noqa: E402
from wsclient import Closed, WebSocket  # noqa: E402

HELLO, AGREE, PING, PONG = 1, 2, 3, 4
REQ_HEADERS, REQ_END = 10, 12
RES_HEADERS, RES_BODY, RES_END = 20, 21, 22
PATIENCE_S = 60
START_S = 300  # of a browser on a busy machine: nothing is measured meanwhile
SERVE, PROXY = "serve", "proxy"


def encode(kind, stream_id, payload=b""):
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    return struct.pack(">BI", kind, stream_id) + payload


def line_of(pattern, sdp, absent="none"):
    match = re.search(pattern, sdp, re.MULTILINE)
    return match[1] if match else absent


class Peer:
    """The stack's program: one peer connection."""

    def __init__(self, argv, events):
        self.session_id = None  # of the other side's first description
        self.ufrag = self.own_id = None  # of its own
        self.is_restarting = False
        self.started = threading.Event()
        self.early = []  # candidates before a description
        self.child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self.read, args=(events,), daemon=True).start()

    def read(self, events):
        for line in self.child.stdout:
            if not line.startswith("{"):
                continue  # libraries print, too
            event = json.loads(line)
            if event["event"] == "started":
                self.started.set()
            else:
                events.put((time.monotonic(), self, event))

    def do(self, what, **words):
        try:
            self.child.stdin.write(json.dumps({"do": what, **words}) + "\n")
            self.child.stdin.flush()
        except OSError:
            pass  # it has ended, as some do

    def set_remote(self, message):
        self.session_id = self.session_id or line_of(r"^o=\S+ (\d+)", message["sdp"])
        self.do("remote", type=message["type"], sdp=message["sdp"])
        for candidate in self.early or []:
            self.do("candidate", candidate=candidate)
        self.early = None

    def add_candidate(self, candidate):
        if self.early is None:
            self.do("candidate", candidate=candidate)
        else:
            self.early.append(candidate)

    def end(self):
        """The end of its commands tells it, so that it can end a browser."""
        try:
            self.child.stdin.close()
            self.child.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()


def dtls_hellos(space, found):
    """Listens to all that passes in a namespace; adds what a ServerHello
    chooses to a set."""
    tap = do_inside(space, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0x0300))

    def version(hello):
        """RFC 5246 section 7.4.1.3, behind the message's header; a DTLS 1.3
        server names its version in an extension (43)."""
        at = 2 + 32
        at += 1 + hello[at] + 3
        chosen = hello[:2]
        at += 2
        while at + 4 <= len(hello):
            kind, size = struct.unpack_from(">HH", hello, at)
            if kind == 43:
                chosen = hello[at + 4 : at + 6]
            at += 4 + size
        return {b"\xfe\xff": "1.0", b"\xfe\xfd": "1.2", b"\xfe\xfc": "1.3"}.get(chosen, "?")

    def listen():
        while True:
            packet = tap.recv(65536)
            if packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_UDP:
                continue
            record = packet[(packet[0] & 15) * 4 + 8 :]
            if len(record) > 60 and record[0] == 22 and record[13] == 2:
                found.add(version(record[25:]))

    threading.Thread(target=listen, daemon=True).start()


class CompatRig(SpacesRig):
    places = {**SpacesRig.places, "serve": "provider", "proxy": "provider", "mock": "provider"}

    def connect_http(self):
        return do_inside(self.space("provider"), lambda: socket.create_connection(self.proxy_address))


class Meeting:
    """The stack against one program of ours: who it is, who comes first."""

    def __init__(self, rig, command, program, is_offerer):
        self.rig = rig
        self.command = ["ip", "netns", "exec", rig.space("consumer"), *command]
        self.program = program
        self.is_offerer = is_offerer
        self.events = queue.Queue()
        self.peers = []
        self.peer = None
        self.spare = None  # the next one: a browser takes its time to start
        self.seen = {}  # moments of events, by name
        self.facts = {}
        self.replies = 0
        self.stream_id = 0
        self.hellos = set()
        dtls_hellos(rig.space("consumer"), self.hellos)

    # --- the run --------------------------------------------------------------

    def start(self):
        self.rig.start_mock()
        self.rig.start_signal(listen="10.77.0.1:0")
        if self.is_offerer:
            self.new_peer()
            self.join()
            self.until("joined")
            self.start_program()
        else:
            self.start_program()
            self.ours.wait_for(WAITING)
            self.new_peer()
            self.join()

    def start_program(self):
        start = self.rig.start_serve if self.program == SERVE else self.rig.start_proxy
        start("--log-level", "debug")
        self.ours = self.rig.serve if self.program == SERVE else self.rig.proxy

    def join(self):
        url = self.rig.signal_url
        self.socket = do_inside(self.rig.space("consumer"), lambda: WebSocket(url, timeout=None))
        self.socket.send({"type": "join", "room": self.rig.room})
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                self.events.put((time.monotonic(), None, self.socket.receive()))
        except (Closed, OSError):
            pass

    def new_peer(self):
        self.peer = self.spare or Peer(self.command, self.events)
        self.spare = Peer(self.command, self.events)
        self.peers += [self.peer, self.spare]
        if not self.peer.started.wait(START_S):
            raise AssertionError("the stack's program did not start")

    def until(self, name, seconds=PATIENCE_S):
        """Seconds until that was seen, or None."""
        begun = time.monotonic()
        while name not in self.seen:
            left = begun + seconds - time.monotonic()
            try:
                moment, peer, event = self.events.get(timeout=max(left, 0))
            except queue.Empty:
                return None
            self.seen.setdefault(event.get("event") or event["type"], moment)
            if peer is None:
                self.on_signal(event)
            elif peer is self.peer:
                getattr(self, "on_" + event["event"])(event)
        return self.seen[name]

    def forget(self, *names):
        for name in names:
            self.seen.pop(name, None)

    # --- signalling -----------------------------------------------------------

    def on_signal(self, message):
        kind = message["type"]
        if kind == "peer-joined":
            if self.peer.session_id:  # the other side wants a new session
                self.new_peer()
            self.peer.do("offer")
        elif kind == "offer":
            session_id = line_of(r"^o=\S+ (\d+)", message["sdp"])
            if self.peer.session_id not in (None, session_id):
                self.new_peer()
            elif self.peer.session_id:
                self.peer.is_restarting = True
                self.seen.setdefault("restart", time.monotonic())
            self.peer.set_remote(message)
        elif kind == "answer":
            self.peer.set_remote(message)
        elif kind == "candidate":
            candidate = json.loads(message["candidate"])
            if candidate and candidate.get("candidate"):
                self.peer.add_candidate(candidate)

    def on_description(self, event):
        sdp, peer = event["sdp"], self.peer
        ufrag, own_id = line_of(r"^a=ice-ufrag:(\S+)", sdp), line_of(r"^o=\S+ (\d+)", sdp)
        if peer.ufrag:
            way = "answers with" if event["type"] == "answer" else "offers"
            what = "new credentials" if ufrag != peer.ufrag else "the old credentials"
            if own_id != peer.own_id:
                what += ", another o= id"
            if event["type"] == "answer":
                what += ", " + line_of(r"^a=(setup:\S+)", sdp)
            self.facts[way] = what
        else:
            self.facts["size"] = line_of(r"^a=max-message-size:(\d+)", sdp)
        peer.ufrag, peer.own_id = ufrag, own_id
        self.socket.send({"type": event["type"], "sdp": sdp})

    def on_candidate(self, event):
        self.socket.send({"type": "candidate", "candidate": json.dumps(event["candidate"])})

    def on_failed(self, event):
        if self.peer.is_restarting and event["at"] == "remote":
            self.facts["answers with"] = f"an error ({event['text'].strip()})"
        elif event["at"] != "candidate":
            self.facts.setdefault("failed", f"{event['at']}: {event['text'].strip()}")

    # --- the channel ----------------------------------------------------------

    def say(self, *frame):
        self.peer.do("send", hex=encode(*frame).hex())

    def on_open(self, _):
        if self.program == SERVE:
            features = {"proto": "httptunnel", "min_version": 1, "max_version": 1, "features": []}
            self.say(HELLO, 0, features)

    def on_closed(self, _):
        pass

    def on_message(self, event):
        kind, stream_id, payload = struct.unpack(">BI", bytes.fromhex(event["hex"][:10])) + (
            event["hex"][10:],
        )
        if kind == PING:
            self.say(PONG, 0)
        elif kind == AGREE:
            self.seen.setdefault("ready", time.monotonic())
            if "request" in self.seen:  # lost with the session before
                self.ask()
        elif kind == HELLO:
            self.say(AGREE, 0, {"version": 1, "features": []})
            self.seen.setdefault("ready", time.monotonic())
        elif kind == REQ_END:
            head = {"stream_id": stream_id, "status": 200, "headers": {"content-length": "2"}}
            self.say(RES_HEADERS, stream_id, head)
            self.say(RES_BODY, stream_id, b"ok")
            self.say(RES_END, stream_id)
        elif kind == RES_END:
            self.seen.setdefault("answered", time.monotonic())

    def ask(self):
        if self.program == SERVE:
            self.stream_id += 1
            head = {"stream_id": self.stream_id, "method": "GET", "path": "/health", "headers": {}}
            self.say(REQ_HEADERS, self.stream_id, head)
            self.say(REQ_END, self.stream_id)
        else:
            threading.Thread(target=self.ask_proxy, daemon=True).start()

    def ask_proxy(self):
        with self.rig.connect_http() as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = client.makefile("rb").read()
        kind = "answered" if answer.startswith(b"HTTP/1.1 200 ") else "refused"
        self.events.put((time.monotonic(), None, {"type": kind}))

    def request(self):
        """The moment at which a request was answered, also on a later session."""
        self.forget("answered", "refused")
        self.seen["request"] = time.monotonic()
        self.ask()
        answered = self.until("answered")
        self.forget("request")
        return answered

    # --- what is measured -----------------------------------------------------

    def measure_connect(self):
        self.start()
        begun = self.until("peer-joined" if self.is_offerer else "joined")
        ready = self.until("ready")
        if not ready:
            return f"NOT CONNECTED {self.facts.get('failed', '')}"
        if not self.request():
            return "connected, NO ANSWER to a request"
        self.ours.wait_for(CONNECTED)  # it measures the round trip first
        return f"{(ready - begun) * 1000:.0f} ms"

    def outcome(self, since, sessions):
        answered = self.request()
        if not answered:
            return "NO ANSWER within a minute"
        is_same = self.ours.count(CONNECTED) == sessions
        kind = "the same session" if is_same else "a new session"
        return f"{kind}, {answered - since:.1f} s"

    def measure_own_restart(self):
        """restarts itself"""
        sessions = self.ours.count(CONNECTED)
        since = time.monotonic()
        self.forget("description", "answer", "failed")
        self.peer.do("restart")
        self.until("answer", 5)
        offers = self.facts.get("offers") or self.facts.get("failed", "nothing")
        return f"{offers}: {self.outcome(since, sessions)}"

    def measure_our_restart(self):
        """is asked to restart, since our machine moves"""
        sessions = self.ours.count(CONNECTED)
        self.facts.pop("answers with", None)
        self.forget("ready")
        since = time.monotonic()
        self.rig.move("provider")
        outcome = self.outcome(since, sessions)
        default = "nothing" if "restart" in self.seen else "(was not asked)"
        return f"{self.facts.get('answers with', default)}: {outcome}"

    def measure_its_close(self):
        """it closes"""
        mark = self.ours.mark()
        since = time.monotonic()
        self.peer.do("close")
        told = "the connection to the other side ended|looking for another path"
        try:
            line = self.ours.wait_for(rf"(?:warn|info)\s+(.*(?:{told}).*)", mark, PATIENCE_S)[1]
        except AssertionError:
            return "we hear nothing in a minute"
        return f"{time.monotonic() - since:.1f} s: {line}"

    def measure_our_close(self):
        """we close"""
        self.forget("closed")
        since = time.monotonic()
        self.ours.kill(signal.SIGINT)
        closed = self.until("closed", 40)
        self.ours.wait_exit()
        return f"its channel closes after {closed - since:.1f} s" if closed else "it does not tell in 40 s"

    def close(self):
        for peer in {*self.peers}:
            peer.end()


def measure(stack, command, program, is_offerer, column):
    rig = CompatRig()
    meeting = Meeting(rig, command, program, is_offerer)
    place = f"{stack} {'offers' if is_offerer else 'answers'} to {program}"

    def tell(column, value):
        print(f"{place}: {column}: {value}", flush=True)

    try:
        connected = meeting.measure_connect()
        tell("connects", connected)
        if "NO" in connected:
            return False
        if column is Meeting.measure_own_restart:  # the first run
            sctp = re.search(r"sctp is up, (.*)", meeting.ours.text())
            tell("DTLS", " ".join(sorted(meeting.hellos)) or "not seen")
            tell("SCTP", sctp[1] if sctp else "not told")
            tell("its max-message-size", meeting.facts.get("size"))
        tell(column.__doc__, column(meeting))
        return True
    except Exception as error:
        tell("FAILED", f"{type(error).__name__}: {error}")
        return False
    finally:
        if os.environ.get("COMPAT_VERBOSE"):
            print(rig.transcript(), file=sys.stderr)
        meeting.close()
        try:
            rig.close()
        except AssertionError as error:
            tell("ends", error)


# Each in a tunnel of its own: what a stack does at one may spoil the next.
RUNS = (
    (SERVE, Meeting.measure_own_restart),
    (SERVE, Meeting.measure_our_restart),
    (SERVE, Meeting.measure_our_close),
    (PROXY, Meeting.measure_its_close),
)


def main(stack, *command):
    if why := why_not():
        sys.exit(f"compat: {why}")
    results = [
        measure(stack, command, program, is_offerer, column)
        for is_offerer in (True, False)
        for program, column in RUNS
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
