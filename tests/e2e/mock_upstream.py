#!/usr/bin/python3
"""A small OpenAI-compatible HTTP server that misbehaves on request.

It prints "listening URL" once it listens, then one line for each thing that
happens, so that a test waits for events instead of for time:

    request 3 conn 1 POST /echo     head of request 3 came, on connection 1
    body 3 65536                    bytes of its body read so far
    sent 3 1048576                  bytes of its response written so far
    done 3                          response complete
    closed 3                        the client went away before that

A line "open NAME" on standard input opens the gate of that name, behind which
a response (or the reading of a request) is held:

    /gated/NAME     sends "first\\n", the rest behind the gate
    /slow/NAME      sends nothing at all before the gate opens
    /hold/NAME      reads no body before the gate opens, then answers as /digest
    a chat completion for the model "gated:NAME" is held behind its first token
    ?gate=NAME      holds the last block of /bytes/, or the answer of /digest
"""

import argparse
import base64
import hashlib
import json
import os
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BLOCK = 65536
PROGRESS = 1 << 20  # a "body" or "sent" line at the first block and at each of these
REPLY = "A tunnel carries every token the moment it leaves the server: nothing waits.".split(" ")
MODELS = ["mock-small", "mock-large"]

# The period is odd, so that a lost, doubled or swapped block never matches.
PATTERN = random.Random(1).randbytes((1 << 20) + 7)

RAW = {  # whole responses, as they go over the wire; the connection closes behind them
    "early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nfinal",
    "trailers": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    "odd-reason": b"HTTP/1.1 299 Very Odd\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "too-large": b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "extensions": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5;a=b;c="d"\r\nhello\r\n0;z\r\n\r\n',
    "until-close": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end",
    "http10": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nten",
    "no-reason": b"HTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    "huge-head": b"HTTP/1.1 200 OK\r\nX-Huge: " + b"a" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n",
    "empty": b"",
}

WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
say_lock = threading.Lock()


def say(*words):
    with say_lock:
        print(*words, flush=True)


def pattern(size):
    """Blocks of the deterministic body of that many bytes."""
    offset = 0
    while offset < size:
        start = offset % len(PATTERN)
        block = PATTERN[start : start + min(BLOCK, size - offset)]
        offset += len(block)
        yield block


def digests_of_images(request):
    """Of each image in the last message, which has them as data: URLs."""
    content = (request.get("messages") or [{}])[-1].get("content")
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [hashlib.sha256(base64.b64decode(url.partition(",")[2])).hexdigest() for url in urls]


class Gates:
    """Named gates, each an eventfd: once open, it stays readable."""

    def __init__(self):
        self.lock = threading.Lock()
        self.fds = {}

    def fd(self, name):
        with self.lock:
            if name not in self.fds:
                self.fds[name] = os.eventfd(0, os.EFD_CLOEXEC)
            return self.fds[name]

    def open(self, name):
        os.eventfd_write(self.fd(name), 1)

    def read_commands(self, lines):
        for line in lines:
            command, _, name = line.strip().partition(" ")
            if command == "open":
                self.open(name)


gates = Gates()


class ClientGone(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mock"

    # What the harness of http.server calls.

    def setup(self):
        self.disable_nagle_algorithm = self.server.address_family != socket.AF_UNIX
        super().setup()
        self.conn_id = self.server.next_id("conn")

    def log_message(self, *_):
        pass  # the event lines say it all

    def handle_one_request(self):
        self.request_id = None
        try:
            super().handle_one_request()
        except (ConnectionError, ClientGone, ssl.SSLError):
            self.close_connection = True
            if self.request_id is not None:
                say("closed", self.request_id)

    def handle_expect_100(self):
        """/raw/ says all that it says by itself."""
        return self.path.startswith("/raw/") or super().handle_expect_100()

    def answer(self):
        self.request_id = self.server.next_id("request")
        self.sent = 0
        self.body_read = 0
        url = urlsplit(self.path)
        self.query = {k: v[-1] for k, v in parse_qs(url.query).items()}
        say("request", self.request_id, "conn", self.conn_id, self.command, self.path)
        first, _, rest = url.path.lstrip("/").partition("/")
        action = getattr(self, "on_" + first.replace("-", "_"), None)
        if url.path in ("/v1/models", "/models"):
            self.on_models()
        elif url.path in ("/v1/chat/completions", "/chat/completions"):
            self.on_chat()
        elif action is None or first in ("models", "chat"):
            self.send_json({"error": {"message": f"no such path: {self.path}"}}, 404)
        else:
            action(rest)
        self.drain_request()
        if self.body_read < self.body_length:
            self.close_connection = True
        say("done", self.request_id)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    # Reading the request.

    @property
    def body_length(self):
        return int(self.headers.get("Content-Length", 0))

    def read_some(self, limit):
        """What there is, at most limit bytes; never nothing."""
        data = self.rfile.read1(min(limit, BLOCK))
        if not data:
            raise ClientGone
        return data

    def body(self):
        """Blocks of the request's body, as they come."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            pieces = self.chunked_body()
        else:
            pieces = self.sized_body(self.body_length - self.body_read)
        for data in pieces:
            before, self.body_read = self.body_read, self.body_read + len(data)
            self.progress("body", before, self.body_read)
            yield data

    def sized_body(self, left):
        while left > 0:
            data = self.read_some(left)
            left -= len(data)
            yield data

    def chunked_body(self):
        while size := int(self.read_line().split(b";")[0], 16):
            yield from self.sized_body(size)
            self.read_line()
        while trailer := self.read_line():
            say("trailer", trailer.decode("latin-1"))
        self.headers.replace_header("Transfer-Encoding", "done")

    def read_line(self):
        line = self.rfile.readline(BLOCK)
        if not line.endswith(b"\n"):
            raise ClientGone
        return line.strip()

    def drain_request(self):
        if not self.close_connection:
            for _ in self.body():
                pass

    def hold(self):
        if "gate" in self.query:
            self.wait_gate(self.query["gate"])

    def wait_gate(self, name):
        """Until the gate opens; ClientGone when the client closes first."""
        fd = gates.fd(name)
        while True:
            ready, _, _ = select.select([fd, self.connection], [], [])
            if fd in ready:
                return
            try:
                if not self.connection.recv(1, 0 if self.server.is_tls else socket.MSG_PEEK):
                    raise ClientGone
            except ssl.SSLWantReadError:
                continue
            select.select([fd], [], [], 0.05)  # a request body waits there: look again later

    # Writing the response.

    def progress(self, what, before, after):
        if before == 0 or before // PROGRESS != after // PROGRESS:
            say(what, self.request_id, after)

    def start(self, status=200, content_type="text/plain", length=None, fields=()):
        """Sends the head; without a length the body is chunked."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.is_chunked = length is None
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def send(self, data):
        if self.command == "HEAD":
            return
        if self.is_chunked:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        else:
            self.wfile.write(data)
        before, self.sent = self.sent, self.sent + len(data)
        self.progress("sent", before, self.sent)

    def finish_body(self):
        if self.is_chunked and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")

    def send_json(self, value, status=200):
        data = json.dumps(value).encode()
        self.start(status, "application/json", len(data))
        self.send(data)

    # The endpoints.

    def on_health(self, _):
        self.send_json({"status": "ok"})

    def on_models(self):
        models = [{"id": m, "object": "model", "created": 0, "owned_by": "mock"} for m in MODELS]
        self.send_json({"object": "list", "data": models})

    def on_chat(self):
        request = json.loads(b"".join(self.body()) or b"{}")
        model = str(request.get("model", MODELS[0]))
        head = {"id": "chatcmpl-mock", "created": 0, "model": model}
        if not request.get("stream"):
            words = digests_of_images(request) or REPLY
            message = {"role": "assistant", "content": " ".join(words)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 1, "completion_tokens": len(REPLY)}
            usage["total_tokens"] = 1 + len(REPLY)
            self.send_json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        head["object"] = "chat.completion.chunk"
        self.start(content_type="text/event-stream", fields=[("Cache-Control", "no-cache")])
        if request.get("tools"):
            self.send_tool_call(head)
            return
        for i, word in enumerate(REPLY):
            delta = {"content": word if i == 0 else " " + word}
            if i == 0:
                delta["role"] = "assistant"
            elif i == 1 and model.startswith("gated:"):
                self.wait_gate(model.partition(":")[2])
            else:
                time.sleep(self.server.delay)  # paces the tokens for a human eye
            self.send_event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        self.send_event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.send(b"data: [DONE]\n\n")
        self.finish_body()

    def send_tool_call(self, head):
        """A call of the function "look_up", whose arguments come in pieces."""
        for i, piece in enumerate(['{"term":', ' "a t', 'unnel"}']):
            call = {"index": 0, "function": {"arguments": piece}}
            delta = {"tool_calls": [call]}
            if i == 0:
                call.update(id="call_1", type="function")
                call["function"]["name"] = "look_up"
                delta["role"] = "assistant"
            self.send_event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
        self.send_event({**head, "choices": [end]})
        self.send(b"data: [DONE]\n\n")
        self.finish_body()

    def send_event(self, value):
        self.send(b"data: " + json.dumps(value).encode() + b"\n\n")

    def on_echo(self, _):
        """Each block goes back as it comes."""
        is_sized = "Content-Length" in self.headers
        content_type = self.headers.get("Content-Type", "application/octet-stream")
        self.start(200, content_type, self.body_length if is_sized else None)
        for data in self.body():
            self.send(data)
        self.finish_body()

    def on_digest(self, _):
        digest = hashlib.sha256()
        for data in self.body():
            digest.update(data)
        self.hold()
        self.send_json({"bytes": self.body_read, "sha256": digest.hexdigest()})

    def on_bytes(self, rest):
        size = int(rest)
        self.start(200, "application/octet-stream", None if "chunked" in self.query else size)
        for data in pattern(size):
            if self.sent + len(data) == size:
                self.hold()
            self.send(data)
        self.finish_body()

    def on_endless(self, _):
        self.start(200, "application/octet-stream")
        while True:
            self.send(PATTERN[:BLOCK])

    def on_gated(self, name):
        first, rest = b"first\n", b"second\n"
        length = len(first) + len(rest) if self.query.get("framing") == "length" else None
        self.start(200, self.query.get("type", "text/plain"), length)
        self.send(first)
        self.wait_gate(name)
        self.send(rest)
        self.finish_body()

    def on_slow(self, name):
        self.wait_gate(name)
        self.send_json({"status": "at last"})

    def on_hold(self, name):
        self.wait_gate(name)
        self.on_digest("")

    def on_break(self, how):
        """Cuts the connection: before the head, or in mid-body."""
        self.close_connection = True
        if how != "head":
            self.start(200, "text/plain", 1000 if how == "length" else None)
            self.send(b"this is not all of it\n")
            self.hold()
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def on_status(self, rest):
        status = int(rest)
        fields = [("Location", "/health")] if status // 100 == 3 else []
        if status in (204, 304):
            self.send_response(status)
            self.end_headers()
        else:
            body = f"status {status}\n".encode()
            self.start(status, "text/plain", len(body), fields)
            self.send(body)

    def on_slash(self, rest):
        """Leads to the same path with a slash at its end, as frameworks do: by
        the Host that came."""
        if rest.endswith("/"):
            self.on_inspect(rest)
            return
        url = f"http://{self.headers['Host']}{self.path}/"
        self.start(307, "text/plain", 0, [("Location", url)])

    def on_own(self, rest):
        """Speaks of itself by another name of this machine, in each field that
        clients follow."""
        url = f"http://127.0.0.1:{self.server.server_port}/inspect/{rest}"
        challenge = f'Bearer resource_metadata="{url}"'
        link = f'<{url}>; rel="next"'
        fields = [("Location", url), ("Link", link), ("WWW-Authenticate", challenge)]
        self.start(401, "text/plain", 0, fields)

    def on_inspect(self, _):
        """Answers with what came."""
        body = b"".join(self.body())
        fields = [[name, value] for name, value in self.headers.items()]
        self.send_json(
            {
                "method": self.command,
                "path": self.path,
                "headers": fields,
                "body": body.decode("latin-1"),
                "conn": self.conn_id,
            }
        )

    def on_cookies(self, _):
        fields = [("Set-Cookie", value) for value in ("a=1", "b=2; Path=/", "a=3")]
        self.start(200, "text/plain", 0, fields)

    def on_upgrade(self, how):
        """A pipe that echoes lines and says bye at the end; `first`: that says
        bye at once and listens on."""
        self.close_connection = True
        if self.headers.get("Upgrade") != "echo":
            self.send_json({"error": {"message": "no Upgrade: echo"}}, 400)
            return
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
        )
        if how == "first":
            self.wfile.write(b"bye\n")
            self.connection.shutdown(socket.SHUT_WR)
        for line in self.rfile:
            if how == "first":
                say("pipe", line.decode().strip())
            else:
                self.wfile.write(line)
        say("pipe ended")
        if how != "first":
            self.wfile.write(b"bye\n")

    def on_websocket(self, choice):
        """Echoes messages, and says what it closes with; its subprotocol is /websocket/choose-NAME, or the first."""
        self.close_connection = True
        accept = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + WEBSOCKET_GUID).encode()).digest()
        first = self.headers.get("Sec-WebSocket-Protocol", "").split(",")[0]
        protocol = choice.removeprefix("choose-") if choice.startswith("choose-") else first
        chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol not in ("", "none") else ""
        self.wfile.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(accept).decode()}\r\n{chosen}\r\n".encode()
        )
        is_closed = False
        while not is_closed and (head := self.rfile.read(2)):
            first, second = head
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self.rfile.read(2 if size == 126 else 8), "big")
            mask = self.rfile.read(4)
            payload = self.rfile.read(size)
            whole = (mask * (size // 4 + 1))[:size]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")
            is_closed = first & 0x0F == 8
            if is_closed:
                say("websocket closed", int.from_bytes(payload[:2], "big"), payload[2:].decode())
            length = bytes([size]) if size < 126 else b"\x7f" + size.to_bytes(8, "big")
            self.wfile.write(bytes([first]) + length + payload)

    def on_raw(self, name):
        self.close_connection = True
        self.wfile.write(RAW[name])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, delay):
        if isinstance(address, str):
            self.address_family = socket.AF_UNIX
        else:
            self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.delay = delay
        self.is_tls = False
        self.ids = {}
        self.ids_lock = threading.Lock()
        super().__init__(address, Handler)

    def server_bind(self):
        # HTTPServer would ask the resolver for the name of the host here.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        if self.address_family == socket.AF_UNIX:
            self.server_name, self.server_port = "localhost", 0
            return
        self.server_name, self.server_port = self.server_address[:2]

    def start_tls(self, cert, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        # The handshake is done by the first read, in the connection's thread.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.is_tls = True

    def next_id(self, what):
        with self.ids_lock:
            self.ids[what] = self.ids.get(what, 0) + 1
            return self.ids[what]

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="OpenAI-compatible mock upstream for tests")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks one (default)")
    parser.add_argument("--unix", help="listens on this Unix socket instead")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between streamed tokens")
    parser.add_argument("--cert", help="certificate chain: serves https (needs --key)")
    parser.add_argument("--key")
    args = parser.parse_args()

    server = Server(args.unix or (args.host, args.port), args.delay)
    if args.cert:
        server.start_tls(args.cert, args.key)
    host = f"[{args.host}]" if ":" in args.host else args.host
    where = f"{'https' if args.cert else 'http'}://{host}:{server.server_port}"
    say("listening", f"unix:{args.unix}" if args.unix else where)
    threading.Thread(target=gates.read_commands, args=(sys.stdin,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
