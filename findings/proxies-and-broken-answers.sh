#!/bin/sh
# nginx 1.22.1, HAProxy 2.6.12, Apache 2.4.71, Varnish 7.1.1, Caddy 2.6.2 (Debian); http-proxy
# 1.18.1, http-proxy-middleware 3.0.11, httpxy 0.5.6, express-http-proxy 2.1.2,
# @fastify/http-proxy 11.6.3, vite 8.4.0, webpack-dev-server 5.2.7 (npm); Node.js 20.20.2
#
# What a proxy's client sees of an answer that breaks off: the server ends the connection
# in the middle of a body in chunks, before the last chunk, as when it is killed. An
# incomplete message must not look complete (RFC 9112 section 8), so the client's
# connection is to end in the same way, and in the usual servers it does. Caddy puts the
# last chunk there itself: half a model's answer, or half a file, is a whole one. Most
# of what Node.js has for the purpose hands the body on by pipe(), which says nothing of
# a source that was cut: the client's connection stays open, without an end and without an
# error, as if the model were still thinking, until some time limit is over. That
# is also what one develops with: Vite and webpack proxy in this way.
# A body with Content-Length is cut by Caddy, too; to the others it is no different.
# Caddy's later releases (2.11.9) cut both.
#
# Seen on 1 December 2026, after three parts (cut: the connection ends, and so tells it;
# whole: it has a proper end; open: still there, 5 s later):
#   none: cut
#   nginx: cut
#   haproxy: cut
#   apache: cut
#   varnish: cut
#   caddy: whole
#   @fastify/http-proxy: cut
#   httpxy: cut
#   http-proxy: open
#   http-proxy-middleware: open
#   express-http-proxy: open
#   vite: open
#   webpack-dev-server: open
#
# Needs Debian 12's packages nginx-light, haproxy, apache2-bin, varnish and caddy, python3,
# node 20 or later and npm. Exits with 0 if that is still so, else with 1.
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
cat >main.py <<'END'
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

FOLDER = os.getcwd()
SERVERS = {
    "nginx": ["/usr/sbin/nginx", "-p", FOLDER, "-c", "CONF"],
    "haproxy": ["/usr/sbin/haproxy", "-f", "CONF"],
    "apache": ["/usr/sbin/apache2", "-DFOREGROUND", "-f", "CONF"],
    "varnish": ["/usr/sbin/varnishd", "-F", "-a", "127.0.0.1:PORT", "-f", "CONF", "-n", "FOLDER/varnish"],
    "caddy": ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "CONF"],
}
IN_NODE = (
    "@fastify/http-proxy", "httpxy", "http-proxy", "http-proxy-middleware", "express-http-proxy",
    "vite", "webpack-dev-server",
)


def answer(connection):
    """Three parts of a body in chunks, and then the end of the connection."""
    with connection, connection.makefile("rb") as lines:
        while lines.readline().strip():
            pass
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(3):
            connection.sendall(b"6\r\nhello\n\r\n")
            time.sleep(0.1)


def serve(server):
    while True:
        threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        text = b""
        try:
            while not text.endswith(b"\r\n0\r\n\r\n"):
                part = connection.recv(65536)
                if not part:
                    break
                text += part
        except socket.timeout:
            return "open" if text.count(b"hello") == 3 else "no answer"
        except ConnectionResetError:
            return "cut"
        assert b"chunked" in text.lower(), text
        return "whole" if text.endswith(b"\r\n0\r\n\r\n") else "cut"


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
        return ask(port)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


upstream = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(upstream,), daemon=True).start()
print("none:", ask(upstream.getsockname()[1]))
for name in (*SERVERS, *IN_NODE):
    print(f"{name}: {through(name, upstream.getsockname()[1])}", flush=True)
END
cat >expected <<'END'
none: cut
nginx: cut
haproxy: cut
apache: cut
varnish: cut
caddy: whole
@fastify/http-proxy: cut
httpxy: cut
http-proxy: open
http-proxy-middleware: open
express-http-proxy: open
vite: open
webpack-dev-server: open
END

echo >empty.js
npm install --no-audit --no-fund --silent http-proxy@1.18.1 http-proxy-middleware@3.0.11 \
    httpxy@0.5.6 express@5.3.0 express-http-proxy@2.1.2 fastify@5.12.8 \
    @fastify/http-proxy@11.6.3 vite@8.4.0 webpack@5.113.0 webpack-dev-server@5.2.7
python3 main.py | tee seen
diff expected seen
