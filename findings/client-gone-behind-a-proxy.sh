#!/bin/sh
# nginx 1.22.1, HAProxy 2.6.12, Apache 2.4.71 (mod_proxy_http), lighttpd 1.4.69, Varnish
# 7.1.1, Squid 5.7, Caddy 2.6.2, nghttpx 1.52.0, Tinyproxy 1.11.1 (Debian 12)
#
# Whether a proxy tells the server behind it that the client has closed its connection,
# so that a model need not compute for nobody. nginx, Squid, Caddy and nghttpx do, at
# once. The others look at the client only when they have something to write to it: as
# long as the model is silent, in the queue, over a long prompt or between two
# words, the upstream's connection stays as it is, and the server has no way to know;
# with an answer that is not streamed it computes all of it. HAProxy, which sees the
# client's end, takes it for one half of the connection that has no more to say, also
# in mid-answer: "option abortonclose" changes that, of which its manual says that it
# is for requests that wait in the queue. Words that flow end it everywhere, so a test
# with a fast model shows no difference.
# A server in the middle of a long computation sends something now and then.
#
# Seen on 1 December 2026, the upstream's connection after the client's end:
#   nginx: before the head ends, in silence ends, between words ends
#   haproxy: before the head goes on, in silence goes on, between words ends
#   haproxy, abortonclose: before the head ends, in silence ends, between words ends
#   apache: before the head goes on, in silence goes on, between words ends
#   lighttpd: before the head goes on, in silence goes on, between words ends
#   varnish: before the head goes on, in silence goes on, between words ends
#   squid: before the head ends, in silence ends, between words ends
#   caddy: before the head ends, in silence ends, between words ends
#   nghttpx: before the head ends, in silence ends, between words ends
#   tinyproxy: before the head goes on, in silence ends, between words ends
#
# Needs python3 and Debian's packages nginx, haproxy, apache2-bin, lighttpd, varnish,
# squid, caddy, nghttp2-proxy and tinyproxy. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # some of them change their user
cd "$folder"

cat >main.py <<'PY'
import os
import pathlib
import select
import socket
import socketserver
import subprocess
import threading
import time

FOLDER = os.getcwd()
HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n")
WORD = b"8\r\ndata: a\n\r\n"
PATIENCE = 8  # seconds

HAPROXY = """
    defaults
        mode http
        timeout connect 5s
        timeout client 60s
        timeout server 60s
    listen x
        bind 127.0.0.1:{port}
        server s 127.0.0.1:{upstream}
"""
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
    "haproxy": ("haproxy -db -f {at}/conf", HAPROXY),
    "haproxy, abortonclose": ("haproxy -db -f {at}/conf", HAPROXY + "option abortonclose\n"),
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
    "lighttpd": ("lighttpd -D -f {at}/conf", """
        server.document-root = "{at}"
        server.bind = "127.0.0.1"
        server.port = {port}
        server.modules = ("mod_proxy")
        server.stream-response-body = 1
        proxy.server = ("" => (("host" => "127.0.0.1", "port" => {upstream})))
    """),
    "varnish": ("varnishd -F -j none -n {at}/n -a 127.0.0.1:{port} -f {at}/conf", """
        vcl 4.1;
        backend b {{ .host = "127.0.0.1"; .port = "{upstream}"; }}
        sub vcl_recv {{ return (pass); }}
    """),
    "squid": ("squid -N -n {service} -f {at}/conf", """
        http_port 127.0.0.1:{port} accel defaultsite=x no-vhost
        cache_peer 127.0.0.1 parent {upstream} 0 no-query originserver
        http_access allow all
        cache deny all
        access_log none
        cache_log {at}/errors
        pid_filename {at}/pid
        coredump_dir {at}
        pinger_enable off
        shutdown_lifetime 0 seconds
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
    "nghttpx": ("nghttpx --conf {at}/conf", """
        frontend=127.0.0.1,{port};no-tls
        backend=127.0.0.1,{upstream}
        workers=1
    """),
    "tinyproxy": ("tinyproxy -d -c {at}/conf", """
        Listen 127.0.0.1
        Port {port}
        ReverseOnly Yes
        ReversePath "/" "http://127.0.0.1:{upstream}/"
    """),
}


class Upstream(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = threading.Event()
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if not line:
            return  # only looks whether somebody is there
        path = line.split()[1]
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        if path != b"/head":
            self.wfile.write(HEAD + WORD)
        self.server.asked.set()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self.connection], [], [], 0.2)[0]:
                break  # closed, or reset: no more requests come
            if path == b"/words":
                try:
                    self.wfile.write(WORD)
                except OSError:
                    break
        else:
            return
        self.server.over.set()


def outcome(port, upstream, path):
    upstream.asked.clear()
    upstream.over.clear()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx" % path)
        upstream.asked.wait()
        if path != b"head":
            client.recv(1)
            while select.select([client], [], [], 0.1)[0]:
                client.recv(65536)  # what is left unread makes a reset of the end
    return "ends" if upstream.over.wait(PATIENCE) else "goes on"


def run(name, lines):
    at = pathlib.Path(FOLDER, name.replace(", ", "-"))
    at.mkdir()
    at.chmod(0o777)
    upstream = Upstream()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command, conf = PROXIES[name]
    names = {"at": at, "port": port, "upstream": upstream.server_address[1],
             "service": f"x{os.getpid()}"}
    text = "\n".join(line.strip() for line in conf.format(**names).splitlines()) + "\n"
    pathlib.Path(at, "conf").write_text(text)
    with open(at / "said", "wb") as said:
        proxy = subprocess.Popen(command.format(**names).split(), stdout=said, stderr=said)
    try:
        while proxy.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        head, silence, words = [outcome(port, upstream, p) for p in (b"head", b"silence", b"words")]
        lines[name] = f"{name}: before the head {head}, in silence {silence}, between words {words}"
    finally:
        proxy.terminate()
        proxy.wait()


os.environ["PATH"] += ":/usr/sbin"
lines = {}
runs = [threading.Thread(target=run, args=(name, lines)) for name in PROXIES]
for each in runs:
    each.start()
for each in runs:
    each.join()
for name in PROXIES:
    print(lines[name])
PY
cat >expected <<'END'
nginx: before the head ends, in silence ends, between words ends
haproxy: before the head goes on, in silence goes on, between words ends
haproxy, abortonclose: before the head ends, in silence ends, between words ends
apache: before the head goes on, in silence goes on, between words ends
lighttpd: before the head goes on, in silence goes on, between words ends
varnish: before the head goes on, in silence goes on, between words ends
squid: before the head ends, in silence ends, between words ends
caddy: before the head ends, in silence ends, between words ends
nghttpx: before the head ends, in silence ends, between words ends
tinyproxy: before the head goes on, in silence ends, between words ends
END

python3 main.py | tee seen
diff expected seen
