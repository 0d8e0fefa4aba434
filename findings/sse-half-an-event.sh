#!/bin/sh
# sseclient-py 1.9.0 on requests 2.34.2, httpx-sse 0.4.3, launchdarkly-eventsource 1.7.4 (PyPI);
# parse-sse 0.1.0, eventsource-parser 3.1.1, fetch-event-stream 0.1.6 (npm);
# langchain4j-http-client 1.19.0 (Maven Central)
#
# What readers of Server-Sent Events make of two edges that a network has and a test has
# not. An event is one when its empty line is there; what has none at the end of the body
# must be discarded (HTML standard, 9.2.6), since it may be half. sseclient-py, parse-sse and
# LangChain4j's reader hand it out: of a server that dies in the middle of "100000" the
# last event is "100", and where the end of the connection is the end of the body
# (RFC 9112 section 6.3), as with HTTP/1.0, there is no error either. And where CR LF ends
# the lines, as sse-starlette writes them, a piece of the network may end between the two:
# parse-sse takes the CR for a line's end and the LF for an empty line, so the event is
# over before its data, which then come without its name.
#
# Seen on 1 December 2026, of "data: 1" and the half of "data: 100000"; and of "event: word"
# and "data: a", cut between each CR and LF:
#   sseclient-py: half: message 1, message 100; edge: word a
#   httpx-sse: half: message 1; edge: word a
#   launchdarkly-eventsource: half: message 1; edge: word a
#   parse-sse: half: message 1, message 100; edge: message a
#   eventsource-parser: half: message 1; edge: word a
#   fetch-event-stream: half: message 1; edge: word a
#   langchain4j: half: message 1, message 100; edge: word a
#
# Needs python3 with venv, node 20 or later, npm, a JDK (17) and maven. Exits with 0 if that
# is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import time

PIECES = {
    "/half": (b"data: 1\n\n", b"data: 100"),
    "/edge": (b"event: word\r", b"\ndata: a\r", b"\n\r", b"\n"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in PIECES[self.path]:
            self.wfile.write(piece)
            time.sleep(0.5)  # so that each is a read of its own

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >client.py <<'END'
import sys

import httpx
import httpx_sse
import ld_eventsource
import requests
import sseclient

base = sys.argv[1]


def of_sseclient(url):
    return sseclient.SSEClient(requests.get(url, stream=True)).events()


def of_httpx_sse(url):
    with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
        yield from source.iter_sse()


def of_launchdarkly(url):
    return ld_eventsource.SSEClient(url).events


def report(name, read):
    seen = []
    for way in "half", "edge":
        events = (f"{event.event or 'message'} {event.data}" for event in read(f"{base}/{way}"))
        seen.append(f"{way}: {', '.join(events)}")
    print(f"{name}: {'; '.join(seen)}", flush=True)


report("sseclient-py", of_sseclient)
report("httpx-sse", of_httpx_sse)
report("launchdarkly-eventsource", of_launchdarkly)
END
cat >client.mjs <<'END'
import { EventSourceParserStream } from "eventsource-parser/stream";
import { events } from "fetch-event-stream";
import { parseServerSentEvents } from "parse-sse";

const base = process.argv[2];
const readers = {
    "parse-sse": (response) => parseServerSentEvents(response),
    "eventsource-parser": (response) =>
        response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()),
    "fetch-event-stream": (response) => events(response),
};
for (const [name, read] of Object.entries(readers)) {
    const seen = [];
    for (const way of ["half", "edge"]) {
        const all = [];
        for await (const event of read(await fetch(`${base}/${way}`))) {
            all.push(`${event.event ?? event.type ?? "message"} ${event.data}`);
        }
        seen.push(`${way}: ${all.join(", ")}`);
    }
    console.log(`${name}: ${seen.join("; ")}`);
}
process.exit();
END
cat >pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.langchain4j</groupId>
      <artifactId>langchain4j-http-client</artifactId>
      <version>1.19.0</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
END
cat >Main.java <<'END'
import dev.langchain4j.http.client.sse.DefaultServerSentEventParser;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

public class Main {
    public static void main(String[] arguments) throws Exception {
        var seen = new ArrayList<String>();
        for (var way : List.of("half", "edge")) {
            var events = new ArrayList<String>();
            try (var body = URI.create(arguments[0] + "/" + way).toURL().openStream()) {
                new DefaultServerSentEventParser().parse(body, new ServerSentEventListener() {
                    @Override
                    public void onEvent(ServerSentEvent event) {
                        var name = event.event() == null ? "message" : event.event();
                        events.add(name + " " + event.data());
                    }

                    @Override
                    public void onError(Throwable error) {
                        events.add(error.getClass().getSimpleName());
                    }
                });
            }
            seen.add(way + ": " + String.join(", ", events));
        }
        System.out.println("langchain4j: " + String.join("; ", seen));
    }
}
END
cat >expected <<'END'
sseclient-py: half: message 1, message 100; edge: word a
httpx-sse: half: message 1; edge: word a
launchdarkly-eventsource: half: message 1; edge: word a
parse-sse: half: message 1, message 100; edge: message a
eventsource-parser: half: message 1; edge: word a
fetch-event-stream: half: message 1; edge: word a
langchain4j: half: message 1, message 100; edge: word a
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sseclient-py==1.9.0 requests==2.34.2 \
    httpx==0.28.1 httpx-sse==0.4.3 launchdarkly-eventsource==1.7.4
npm install --no-audit --no-fund --silent parse-sse@0.1.0 eventsource-parser@3.1.1 \
    fetch-event-stream@0.1.6
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
javac -cp 'lib/*' Main.java

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    venv/bin/python client.py "$url"
    node client.mjs "$url"
    java -cp 'lib/*:.' Main "$url"
} | tee seen
diff expected seen
