#!/bin/sh
# nginx 1.22.1, Varnish 7.1.1; beside them HAProxy 2.6.12, Apache 2.4.71 (mod_proxy_http),
# Caddy 2.6.2 (Debian 12)
#
# What a proxy makes of the two parts of an answer that are neither head nor body: an
# informational response before it (RFC 9110 section 15.2), which a server sends to
# say that it is at work or what to load, and trailer fields behind it (section 6.5), as
# for a checksum, or for timings that are known at the end. A proxy forwards the first
# ones and may drop the second (section 15.2, section 6.5.1). nginx takes 102 or 103 for
# the answer itself and waits for its body, which ends when its time is over, after 60 s
# as shipped, although the server has answered long since; "Expect" it takes away, so
# that at least 100 does not come about. Varnish says 503 at once for any of them. And an
# answer with a trailer it passes on as it comes, and breaks off at the end: to the
# client it is lost where nothing was wrong.
# A server behind either of them sends neither; one that works without, or with
# another proxy, shows nothing.
#
# Seen on 1 December 2026, what the client has after 3 s:
#   nginx: plain 200, 102 nothing, 103 nothing, trailer dropped
#   varnish: plain 200, 102 503, 103 503, trailer broken off
#   haproxy: plain 200, 102 200, 103 200, trailer passed
#   apache: plain 200, 102 200, 103 200, trailer dropped
#   caddy: plain 200, 102 200, 103 200, trailer passed
#
# Needs python3 and Debian's packages nginx, varnish, haproxy, apache2-bin and caddy.
# Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # some of them change their user
cd "$folder"

cat >main.py <<'END'
import os
import pathlib
import socket
import socketserver
import subprocess
import threading
import time

FOLDER = os.getcwd()
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
ANSWERS = {
    b"/plain": PLAIN,
    b"/102": b"HTTP/1.1 102 Processing\r\n\r\n" + PLAIN,
    b"/103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + PLAIN,
    b"/trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                 b"3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n",
}
# Of each: its command, and its configuration, which is in the file FOLDER/NAME/conf.
PROXIES = {
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
    "varnish": ("varnishd -F -j none -n {at}/n -a 127.0.0.1:{port} -f {at}/conf", """
        vcl 4.1;
        backend b {{ .host = "127.0.0.1"; .port = "{upstream}"; }}
        sub vcl_recv {{ return (pass); }}
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
    "apache": ("apache2 -X -f {at}/conf", """
        ServerRoot {at}
        ServerName x
        PidFile {at}/pid
        ErrorLog {at}/errors
        Listen 127.0.0.1:{port}
        LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
        LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
        LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
        User www-data
        ProxyPass / http://127.0.0.1:{upstream}/
    """),
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
}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            self.wfile.write(ANSWERS[line.split()[1]])


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # the proxy has ended the connection


def answer(port, path):
    """All that comes in 3 s, or up to the end."""
    said = b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(3)
        client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                       b"Connection: TE, close\r\nTE: trailers\r\n\r\n")
        try:
            while piece := client.recv(65536):
                said += piece
        except TimeoutError:
            pass
    return said


def status(said):
    heads = [part for part in said.split(b"HTTP/1.1 ")[1:] if part[:1] != b"1"]
    return heads[0][:3].decode() if heads else "nothing"


def trailer(said):
    if not said.endswith(b"\r\n\r\n"):
        return "broken off"
    return "passed" if b"x-sum: 6" in said.lower() else "dropped"


def run(name, upstream):
    at = pathlib.Path(FOLDER, name)
    at.mkdir()
    at.chmod(0o777)
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
        seen = [f"{path} {status(answer(port, b'/' + path.encode()))}"
                for path in ("plain", "102", "103")]
        print(f"{name}: {', '.join(seen)}, trailer {trailer(answer(port, b'/trailer'))}")
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
nginx: plain 200, 102 nothing, 103 nothing, trailer dropped
varnish: plain 200, 102 503, 103 503, trailer broken off
haproxy: plain 200, 102 200, 103 200, trailer passed
apache: plain 200, 102 200, 103 200, trailer dropped
caddy: plain 200, 102 200, 103 200, trailer passed
END

python3 main.py | tee seen
diff expected seen
