#!/bin/sh
# nginx 1.22.1, HAProxy 2.6.12, Apache 2.4.71, lighttpd 1.4.69, Varnish 7.1.1, Squid 5.7,
# nghttpx 1.52.0, Tinyproxy 1.11.1, Caddy 2.6.2 (Debian); http-proxy 1.18.1,
# http-proxy-middleware 3.0.11, httpxy 0.5.6, express-http-proxy 2.1.2, @fastify/http-proxy
# 11.6.3, vite 8.4.0, webpack-dev-server 5.2.7 (npm); Node.js 20.20.2
#
# Whether a server hears through a proxy that its client is gone, in the middle of a
# streamed answer to a POST: the closed connection is the only sign that there is, and a
# model that does not get it computes on for nobody. nginx, Squid, nghttpx, Caddy and
# most of those for Node.js pass it on at once. HAProxy, Apache and Varnish do so while the
# server sends; while it is silent, as a model is that reads a long prompt or calls a
# tool, they do not look at the client at all, and the server goes on until it has
# something to say. lighttpd takes the whole answer first; http-proxy, and
# webpack's server, which stands on it, end nothing, ever: they wait for an event
# ("aborted") that Node.js gives no longer once the request has been read.
# Before the first byte, when the request is in a queue or its answer is not streamed, three
# more say nothing: Tinyproxy, @fastify/http-proxy and http-proxy-middleware.
# HAProxy's "option abortonclose" is what mends it there; elsewhere a server has
# to send something (a comment of an event stream) while it is silent.
#
# Seen on 1 December 2026, what the server sees in the 3 s after the client has gone:
#   none: sends ends, silent ends, waits ends
#   nginx: sends ends, silent ends, waits ends
#   haproxy: sends ends, silent goes on, waits goes on
#   haproxy, abortonclose: sends ends, silent ends, waits ends
#   apache: sends ends, silent goes on, waits goes on
#   lighttpd: sends goes on, silent goes on, waits goes on
#   varnish: sends ends, silent goes on, waits goes on
#   squid: sends ends, silent ends, waits ends
#   nghttpx: sends ends, silent ends, waits ends
#   tinyproxy: sends ends, silent ends, waits goes on
#   caddy: sends ends, silent ends, waits ends
#   @fastify/http-proxy: sends ends, silent ends, waits goes on
#   httpxy: sends ends, silent ends, waits ends
#   http-proxy: sends goes on, silent goes on, waits goes on
#   http-proxy-middleware: sends ends, silent ends, waits goes on
#   express-http-proxy: sends ends, silent ends, waits ends
#   vite: sends ends, silent ends, waits ends
#   webpack-dev-server: sends goes on, silent goes on, waits goes on
#
# Needs Debian 12's packages nginx-light, haproxy, apache2-bin, lighttpd, varnish,
# squid, nghttp2-proxy, tinyproxy and caddy, python3, node 20 or later and npm. Exits with 0
# if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 . # for who gives up root

cat >main.mjs <<'END'
import http from "node:http";
import fastifyProxy from "@fastify/http-proxy";
import express from "express";
import expressProxy from "express-http-proxy";
import Fastify from "fastify";
import httpProxy from "http-proxy";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyServer } from "httpxy";
import { createServer } from "vite";
import webpack from "webpack";
import DevServer from "webpack-dev-server";

const [, , name, port, upstream] = process.argv;
const target = `http://127.0.0.1:${upstream}`;
const host = "127.0.0.1";
const starts = {
    "http-proxy": () => {
        const proxy = httpProxy.createProxyServer({ target });
        proxy.on("error", (error, request, response) => response.destroy());
        http.createServer((request, response) => proxy.web(request, response)).listen(port, host);
    },
    "http-proxy-middleware": () => express().use(createProxyMiddleware({ target })).listen(port, host),
    httpxy: () => {
        const proxy = createProxyServer({ target });
        http.createServer((request, response) => proxy.web(request, response)).listen(port, host);
    },
    "express-http-proxy": () => express().use(expressProxy(target)).listen(port, host),
    "@fastify/http-proxy": () =>
        Fastify().register(fastifyProxy, { upstream: target }).listen({ port, host }),
    vite: async () => {
        const server = { host, port: Number(port), proxy: { "/api": target } };
        await (await createServer({ configFile: false, logLevel: "silent", server })).listen();
    },
    "webpack-dev-server": () => {
        const quiet = { infrastructureLogging: { level: "none" }, stats: "none" };
        const compiler = webpack({ mode: "development", entry: "./empty.js", ...quiet });
        const proxy = [{ context: ["/api"], target }];
        return new DevServer({ host, port, proxy, hot: false, liveReload: false }, compiler).start();
    },
};
await starts[name]();
END
cat >nginx.conf <<'END'
daemon off;
pid nginx.pid;
error_log nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path client;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:PORT;
        location / {
            proxy_pass http://127.0.0.1:UPSTREAM;
            proxy_http_version 1.1;
        }
    }
}
END
cat >haproxy.conf <<'END'
defaults
    mode http
    timeout client 1m
    timeout server 1m
    timeout connect 5s
listen front
    bind 127.0.0.1:PORT
    server upstream 127.0.0.1:UPSTREAM
END
sed 's/mode http/&\n    option abortonclose/' haproxy.conf >"haproxy, abortonclose.conf"
cat >apache.conf <<'END'
ServerRoot FOLDER
DefaultRuntimeDir FOLDER
ServerName localhost
PidFile apache.pid
ErrorLog apache.log
Listen 127.0.0.1:PORT
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:UPSTREAM/
END
cat >lighttpd.conf <<'END'
server.document-root = "FOLDER"
server.bind = "127.0.0.1"
server.port = PORT
server.modules = ("mod_proxy")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => UPSTREAM)))
END
cat >varnish.conf <<'END'
vcl 4.1;
backend upstream { .host = "127.0.0.1"; .port = "UPSTREAM"; }
END
cat >caddy.conf <<'END'
{
    admin off
    auto_https off
}
http://127.0.0.1:PORT {
    reverse_proxy 127.0.0.1:UPSTREAM
}
END
mkdir -m 777 squid # it gives up root
cat >squid.conf <<'END'
http_port 127.0.0.1:PORT accel defaultsite=x no-vhost
cache_peer 127.0.0.1 parent UPSTREAM 0 no-query originserver
http_access allow all
cache deny all
access_log none
cache_log FOLDER/squid/log
pid_filename FOLDER/squid/pid
coredump_dir FOLDER/squid
pinger_enable off
shutdown_lifetime 0 seconds
END
cat >nghttpx.conf <<'END'
frontend=127.0.0.1,PORT;no-tls
backend=127.0.0.1,UPSTREAM
workers=1
END
cat >tinyproxy.conf <<'END'
Listen 127.0.0.1
Port PORT
ReverseOnly Yes
ReversePath "/" "http://127.0.0.1:UPSTREAM/"
END
cat >main.py <<'END'
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
import time

FOLDER = os.getcwd()
PART = b"6\r\nhello\n\r\n"
SERVERS = {
    "nginx": ["/usr/sbin/nginx", "-p", FOLDER, "-c", "CONF"],
    "haproxy": ["/usr/sbin/haproxy", "-f", "CONF"],
    "haproxy, abortonclose": ["/usr/sbin/haproxy", "-f", "CONF"],
    "apache": ["/usr/sbin/apache2", "-DFOREGROUND", "-f", "CONF"],
    "lighttpd": ["/usr/sbin/lighttpd", "-D", "-f", "CONF"],
    "varnish": ["/usr/sbin/varnishd", "-F", "-a", "127.0.0.1:PORT", "-f", "CONF", "-n", "FOLDER/varnish"],
    "squid": ["/usr/sbin/squid", "-N", "-n", f"x{os.getpid()}", "-f", "CONF"],
    "nghttpx": ["/usr/sbin/nghttpx", "--conf", "CONF"],
    "tinyproxy": ["/usr/bin/tinyproxy", "-d", "-c", "CONF"],
    "caddy": ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "CONF"],
}
IN_NODE = (
    "@fastify/http-proxy", "httpxy", "http-proxy", "http-proxy-middleware", "express-http-proxy",
    "vite", "webpack-dev-server",
)


began = {}
gone = {}


def answer(connection):
    """Until the client is gone, by the path: streams, is silent after a part, or before it."""
    with connection, connection.makefile("rb") as lines:
        path = lines.readline().decode().split()[1]
        length = 0
        for line in iter(lines.readline, b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        lines.read(length)
        if "waits" not in path:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + PART
            )
        began[path].set()
        try:
            while not select.select([connection], [], [], 0.1)[0]:
                if "sends" in path:
                    connection.sendall(PART)
        except OSError:
            pass
        gone[path].set()


def serve(server):
    while True:
        threading.Thread(target=attempt, args=server.accept()[:1], daemon=True).start()


def attempt(connection):
    try:
        answer(connection)
    except (OSError, IndexError):
        pass  # one that only looked whether we listen


def ask(port, way):
    """Goes away once the server has begun to answer, and tells what becomes of that."""
    path = f"/api/{way}/{port}"
    began[path], gone[path] = threading.Event(), threading.Event()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        )
        assert began[path].wait(10), path
        time.sleep(0.5)
    return "ends" if gone[path].wait(3) else "goes on"


def ask_all(port):
    return ", ".join(f"{way} {ask(port, way)}" for way in ("sends", "silent", "waits"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on {port}")


def through(name, upstream):
    port = free_port()
    values = {"FOLDER": FOLDER, "PORT": str(port), "UPSTREAM": str(upstream)}

    def filled(text):
        for word in ("UPSTREAM", "FOLDER", "PORT"):
            text = text.replace(word, values[word])
        return text

    command = ["node", "main.mjs", name, "PORT", "UPSTREAM"]
    if name in SERVERS:
        conf = pathlib.Path(FOLDER, f"{name}.conf")
        conf.write_text(filled(conf.read_text()))
        command = [word.replace("CONF", str(conf)) for word in SERVERS[name]]
    server = subprocess.Popen(
        [filled(word) for word in command], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        return ask_all(port)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


upstream = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(upstream,), daemon=True).start()
print("none:", ask_all(upstream.getsockname()[1]))
for name in (*SERVERS, *IN_NODE):
    print(f"{name}: {through(name, upstream.getsockname()[1])}", flush=True)
END
cat >expected <<'END'
none: sends ends, silent ends, waits ends
nginx: sends ends, silent ends, waits ends
haproxy: sends ends, silent goes on, waits goes on
haproxy, abortonclose: sends ends, silent ends, waits ends
apache: sends ends, silent goes on, waits goes on
lighttpd: sends goes on, silent goes on, waits goes on
varnish: sends ends, silent goes on, waits goes on
squid: sends ends, silent ends, waits ends
nghttpx: sends ends, silent ends, waits ends
tinyproxy: sends ends, silent ends, waits goes on
caddy: sends ends, silent ends, waits ends
@fastify/http-proxy: sends ends, silent ends, waits goes on
httpxy: sends ends, silent ends, waits ends
http-proxy: sends goes on, silent goes on, waits goes on
http-proxy-middleware: sends ends, silent ends, waits goes on
express-http-proxy: sends ends, silent ends, waits ends
vite: sends ends, silent ends, waits ends
webpack-dev-server: sends goes on, silent goes on, waits goes on
END

echo >empty.js
npm install --no-audit --no-fund --silent http-proxy@1.18.1 http-proxy-middleware@3.0.11 \
    httpxy@0.5.6 express@5.3.0 express-http-proxy@2.1.2 fastify@5.12.8 \
    @fastify/http-proxy@11.6.3 vite@8.4.0 webpack@5.113.0 webpack-dev-server@5.2.7
python3 main.py | tee seen
diff expected seen
