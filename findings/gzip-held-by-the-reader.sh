#!/bin/sh
# OpenJDK 17.0.15 (java.io, java.util.zip), Apache HttpClient 5.6.5 (Maven Central), CPython 3.11
# (urllib.request, gzip); beside them OkHttp 5.5.1, Jetty's HttpClient 12.1.14, Spring's WebClient
# 7.0.8 on Reactor Netty 1.3.7 (Maven Central); requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5
# (PyPI); Node.js 20.20.2, Go 1.26.8, curl 7.88.1
#
# When a client has the events of a stream that comes with Content-Encoding: gzip, from a
# server that flushes behind each (Z_SYNC_FLUSH), as it should (compressed-streams-are-held.sh
# has those that do not). All of it is there at once. In Java, though, an InputStreamReader on a
# GZIPInputStream, which is how one reads lines, hands out none of it before there are 8192
# bytes, or the end: it reads on while available() is more than 0, and by the documentation of
# InflaterInputStream that is always 1 until the end. So it is with Apache HttpClient,
# which asks for gzip by itself and unpacks in this way: the same lines of code stream from
# one server, or without its compression, and wait for the end with another. read() with an array
# of bytes has each event as it comes. In Python the same is so with gzip.GzipFile on urllib's
# response, which fills the buffer that it is given before it returns.
# disableContentCompression() in Apache's builder, or "Accept-Encoding: identity", is what helps.
#
# Seen on 1 December 2026, the first line of four events, 2 s apart: not compressed, compressed,
# and compressed where each has 3000 bytes:
#   java, HttpURLConnection: plain with the first, gzip at the end, large with the third
#   java, java.net.http: plain with the first, gzip at the end, large with the third
#   java, apache: plain with the first, gzip at the end, large with the third
#   java, apache, read(): plain with the first, gzip with the first, large with the first
#   java, okhttp: plain with the first, gzip with the first, large with the first
#   java, jetty: plain with the first, gzip with the first, large with the first
#   java, webclient: plain with the first, gzip with the first, large with the first
#   python, urllib: plain with the first, gzip at the end, large at the end
#   python, requests: plain with the first, gzip with the first, large with the first
#   python, httpx: plain with the first, gzip with the first, large with the first
#   python, aiohttp: plain with the first, gzip with the first, large with the first
#   node, fetch: plain with the first, gzip with the first, large with the first
#   go: plain with the first, gzip with the first, large with the first
#   curl: plain with the first, gzip with the first, large with the first
#
# Needs python3 with venv, node 20 or later, go, curl, a JDK (17) and maven. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import os
import time
import zlib

sent = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, verb, name, kind = self.path.split("/")
        if verb == "sent":
            body = sent[name + kind].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        asked = "gzip" in self.headers.get("Accept-Encoding", "") and kind != "plain"
        packer = zlib.compressobj(6, zlib.DEFLATED, 31) if asked else None
        if packer:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            self.events(name + kind, packer, os.urandom(1400).hex() if kind == "large" else "")
        except ConnectionError:
            pass

    def events(self, key, packer, text):
        for number in ("first", "second", "third", "fourth"):
            sent[key] = "with the " + number
            part = f"data: {text.ljust(2992 if text else 1, 'x')}\n\n".encode()
            if packer:
                part = packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            time.sleep(2)
        sent[key] = "at the end"
        part = packer.flush() if packer else b": end\n\n"
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(part), part))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

mkdir go java
cat >client.py <<'END'
import asyncio
import gzip
import sys
import urllib.request

import aiohttp
import httpx
import requests


def of_urllib(url, show):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        packed = response.headers["Content-Encoding"] == "gzip"
        (gzip.GzipFile(fileobj=response) if packed else response).readline()
        show()


def of_requests(url, show):
    with requests.get(url, stream=True) as response:
        next(response.iter_lines())
        show()


def of_httpx(url, show):
    with httpx.stream("GET", url) as response:
        next(response.iter_lines())
        show()


def of_aiohttp(url, show):
    async def ask():
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            await response.content.readuntil(b"\n")
            show()
    asyncio.run(ask())


def report(name, ask):
    cells = []
    for kind in ("plain", "gzip", "large"):
        path = f"python-{name}/{kind}"

        def show():
            with urllib.request.urlopen(f"{sys.argv[1]}/sent/{path}") as response:
                cells.append(f"{kind} {response.read().decode()}")
        ask(f"{sys.argv[1]}/events/{path}", show)
    print(f"python, {name}: {', '.join(cells)}", flush=True)


report("urllib", of_urllib)
report("requests", of_requests)
report("httpx", of_httpx)
report("aiohttp", of_aiohttp)
END
cat >client.mjs <<'END'
const base = process.argv[2];
const cells = [];
for (const kind of ["plain", "gzip", "large"]) {
    const response = await fetch(`${base}/events/node/${kind}`);
    const decoder = new TextDecoder();
    let text = "";
    for await (const part of response.body) {
        text += decoder.decode(part, { stream: true });
        if (text.includes("\n")) break;
    }
    cells.push(`${kind} ${await (await fetch(`${base}/sent/node/${kind}`)).text()}`);
}
console.log("node, fetch: " + cells.join(", "));
process.exit();
END
cat >go/main.go <<'END'
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func ask(url string) *http.Response {
	response, err := http.Get(url)
	if err != nil {
		panic(err)
	}
	return response
}

func main() {
	cells := []string{}
	for _, kind := range []string{"plain", "gzip", "large"} {
		if _, err := bufio.NewReader(ask(os.Args[1] + "/events/go/" + kind).Body).ReadString('\n'); err != nil {
			panic(err)
		}
		sent, err := io.ReadAll(ask(os.Args[1] + "/sent/go/" + kind).Body)
		if err != nil {
			panic(err)
		}
		cells = append(cells, kind+" "+string(sent))
	}
	fmt.Println("go: " + strings.Join(cells, ", "))
}
END
depend() {
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' \
        "$1" "$2" "$3"
}
{
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId>'
    printf '<version>1</version><dependencies>'
    depend org.apache.httpcomponents.client5 httpclient5 5.6.5
    depend com.squareup.okhttp3 okhttp-jvm 5.5.1
    depend org.eclipse.jetty jetty-client 12.1.14
    depend io.projectreactor.netty reactor-netty-http 1.3.7
    depend org.springframework spring-webflux 7.0.8
    depend org.springframework spring-context 7.0.8
    printf '</dependencies></project>'
} >java/pom.xml
cat >java/Main.java <<'END'
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;

public class Main {
    interface Asker {
        void ask(String url) throws Exception;
    }

    static String base;

    static void firstLine(InputStream body) throws IOException {
        new BufferedReader(new InputStreamReader(body)).readLine();
    }

    static void firstLineByArrays(InputStream body) throws IOException {
        var part = new byte[8192];
        for (int i = 0, count = 0; i >= count || part[i] != '\n'; i++)
            if (i >= count) {
                count = body.read(part);
                i = -1;
                if (count < 0)
                    return;
            }
    }

    static InputStream unpacked(InputStream body, String coding) throws IOException {
        return "gzip".equals(coding) ? new GZIPInputStream(body) : body;
    }

    static InputStream ofApache(String url) throws IOException {
        return HttpClients.createDefault().executeOpen(null, new HttpGet(url), null).getEntity()
            .getContent();
    }

    static void report(String name, Asker asker) throws Exception {
        var row = new StringBuilder();
        for (var kind : new String[] {"plain", "gzip", "large"}) {
            var path = "/java-" + name.replaceAll("[^a-z]", "") + "/" + kind;
            asker.ask(base + "/events" + path);
            var sent = URI.create(base + "/sent" + path).toURL().openStream().readAllBytes();
            row.append(row.isEmpty() ? " " : ", ").append(kind).append(" ").append(new String(sent));
        }
        System.out.println("java, " + name + ":" + row);
    }

    public static void main(String[] arguments) throws Exception {
        base = arguments[0];
        report("HttpURLConnection", url -> {
            var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
            connection.setRequestProperty("Accept-Encoding", "gzip");
            firstLine(unpacked(connection.getInputStream(), connection.getContentEncoding()));
        });
        report("java.net.http", url -> {
            var request = HttpRequest.newBuilder(URI.create(url)).header("Accept-Encoding", "gzip");
            var response = java.net.http.HttpClient.newHttpClient().send(request.build(),
                HttpResponse.BodyHandlers.ofInputStream());
            var coding = response.headers().firstValue("Content-Encoding").orElse("");
            firstLine(unpacked(response.body(), coding));
        });
        report("apache", url -> firstLine(ofApache(url)));
        report("apache, read()", url -> firstLineByArrays(ofApache(url)));
        var okhttp = new OkHttpClient();
        report("okhttp", url -> firstLine(okhttp.newCall(
            new Request.Builder().url(url).build()).execute().body().byteStream()));
        var jetty = new HttpClient();
        jetty.start();
        report("jetty", url -> {
            var listener = new InputStreamResponseListener();
            jetty.newRequest(url).send(listener);
            listener.get(5, TimeUnit.SECONDS);
            firstLine(listener.getInputStream());
        });
        var netty = reactor.netty.http.client.HttpClient.create().compress(true);
        var web =
            WebClient.builder().clientConnector(new ReactorClientHttpConnector(netty)).build();
        report("webclient", url ->
            web.get().uri(url).retrieve().bodyToFlux(String.class).blockFirst());
        System.exit(0);
    }
}
END
cat >expected <<'END'
java, HttpURLConnection: plain with the first, gzip at the end, large with the third
java, java.net.http: plain with the first, gzip at the end, large with the third
java, apache: plain with the first, gzip at the end, large with the third
java, apache, read(): plain with the first, gzip with the first, large with the first
java, okhttp: plain with the first, gzip with the first, large with the first
java, jetty: plain with the first, gzip with the first, large with the first
java, webclient: plain with the first, gzip with the first, large with the first
python, urllib: plain with the first, gzip at the end, large at the end
python, requests: plain with the first, gzip with the first, large with the first
python, httpx: plain with the first, gzip with the first, large with the first
python, aiohttp: plain with the first, gzip with the first, large with the first
node, fetch: plain with the first, gzip with the first, large with the first
go: plain with the first, gzip with the first, large with the first
curl: plain with the first, gzip with the first, large with the first
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 \
    aiohttp==3.14.5
(cd go && go mod init client 2>/dev/null && go build -o client .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    java -cp 'java/lib/*:java' Main "$url" 2>/dev/null
    venv/bin/python client.py "$url"
    node client.mjs "$url"
    go/client "$url"
    row=
    for kind in plain gzip large; do
        row="$row, $kind $(curl -sN --compressed "$url/events/curl/$kind" |
            { read -r _ && curl -s "$url/sent/curl/$kind"; })"
    done
    echo "curl: ${row#, }"
} | tee seen
diff expected seen
