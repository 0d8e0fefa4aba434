#!/bin/sh
# Caddy 2.6.2; beside it nginx 1.22.1 and HAProxy 2.6.12 (Debian 12)
#
# What a client has of a stream whose server breaks down in the middle of it, behind
# Caddy's reverse_proxy: a whole one. Caddy sees that the last chunk is missing, or that
# the connection was reset, writes "aborting with incomplete response" to its log, and
# then ends the answer with a last chunk of its own; the client's connection stays open.
# No client in any language can find that something is missing, but by what it
# expects of the content. RFC 9112 section 8 has the incomplete message stay
# incomplete; nginx and HAProxy do so, and Caddy, too, where there is a Content-Length: so
# only what streams is concerned. (2.11.9, of Go's module proxy, breaks it off.)
#
# Seen on 1 December 2026, of "abc" and then a FIN or a reset:
#   caddy: chunks whole, chunks reset whole, length broken off, length reset broken off
#   nginx: chunks broken off, chunks reset broken off, length broken off, length reset broken off
#   haproxy: chunks broken off, chunks reset broken off, length broken off, length reset broken off
#
# Needs python3 and Debian's packages caddy, nginx and haproxy. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.py <<'END'
import http.client
import os
import pathlib
import socket
import socketserver
import struct
import subprocess
import threading
import time

FOLDER = os.getcwd()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
ANSWERS = {
    b"chunks": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"length": b"Content-Length: 9\r\n\r\nabc",
}
# Of each: its command, and its configuration, which is in the file FOLDER/NAME/conf.
PROXIES = {
    "caddy": ("caddy run --adapter caddyfile --config {at}/conf", """
        {{
            admin off
            auto_https off
        }}
        :{port} {{
            bind 127.0.0.1
            reverse_proxy 127.0.0.1:{upstream}
        }}
    """),
    "nginx": ("nginx -p {at} -c {at}/conf -e {at}/errors", """
        daemon off; master_process off; pid {at}/pid; user root;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {at}/a; proxy_temp_path {at}/b; fastcgi_temp_path {at}/c;
            uwsgi_temp_path {at}/d; scgi_temp_path {at}/e;
            server {{
                listen 127.0.0.1:{port};
                location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; }}
            }}
        }}
    """),
    "haproxy": ("haproxy -db -f {at}/conf", """
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        listen x
            bind 127.0.0.1:{port}
            server s 127.0.0.1:{upstream}
    """),
}
has_head = threading.Event()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1].strip(b"/")
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.wfile.write(HEAD + ANSWERS[path.removesuffix(b"-reset")])
        has_head.wait(2)  # nginx keeps it back until then
        if path.endswith(b"-reset"):
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def shutdown_request(self, request):
        request.close()


def outcome(port, path):
    has_head.clear()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", "/" + path)
    response = client.getresponse()
    has_head.set()
    try:
        return "whole" if response.read() == b"abc" else "?"
    except (http.client.IncompleteRead, ConnectionError):
        return "broken off"


def run(name, upstream):
    at = pathlib.Path(FOLDER, name)
    at.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, conf = PROXIES[name]
    names = {"at": at, "port": port, "upstream": upstream}
    text = "\n".join(line.strip() for line in conf.format(**names).splitlines()) + "\n"
    (at / "conf").write_text(text)
    with open(at / "said", "wb") as said:
        proxy = subprocess.Popen(command.format(**names).split(), stdout=said, stderr=said)
    try:
        while proxy.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        seen = [f"{path.replace('-', ' ')} {outcome(port, path)}"
                for path in ("chunks", "chunks-reset", "length", "length-reset")]
        print(f"{name}: {', '.join(seen)}")
    finally:
        proxy.terminate()
        proxy.wait()


os.environ["PATH"] += ":/usr/sbin"
server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in PROXIES:
    run(name, server.server_address[1])
END
cat >expected <<'END'
caddy: chunks whole, chunks reset whole, length broken off, length reset broken off
nginx: chunks broken off, chunks reset broken off, length broken off, length reset broken off
haproxy: chunks broken off, chunks reset broken off, length broken off, length reset broken off
END

python3 main.py | tee seen
diff expected seen
