#!/bin/sh
# Writers: Spring WebFlux 7.0.8 with Reactor Netty 1.3.7, Spring MVC 7.0.8 (SseEmitter) (Maven
# Central), gin-contrib/sse 1.1.2 (Go; what gin's SSEvent() writes with), hono 4.13.19 (npm),
# sse-starlette 3.7.0 (PyPI). Readers: fetch-event-stream 0.1.6, event-source-plus 0.1.15,
# eventsource-parser 3.1.1 (npm), aiohttp-sse-client 0.2.1, httpx-sse 0.4.3 (PyPI)
#
# What becomes of the white space at the ends of text that is streamed as Server-Sent Events,
# as the words of a model are, most of which begin with a space. A reader takes one space
# behind "data:" away (HTML standard, 9.2.6), so a writer puts one there, or words that
# begin with a space run together. Spring and gin write none: Flux<String> with
# text/event-stream, which is how Spring AI's answers are sent on, is "Thecat" to each browser.
# With curl it looks right, since the space is there, behind the colon. And some
# readers take away all white space there: a space that was written well is gone as well, and
# a line end, which is two empty "data:" lines, too, so that a list or a program is
# one line. JSON in the events, as OpenAI's API has it, is safe from both.
#
# Seen on 1 December 2026, of "The", " cat", a line end, two of them, and "- sat":
#   writer, webflux: "Thecat\n\n\n- sat"
#   writer, mvc: "Thecat\n\n\n- sat"
#   writer, gin: "Thecat\n\n\n- sat"
#   writer, hono: "The cat\n\n\n- sat"
#   writer, sse-starlette: "The cat\n\n\n- sat"
#   reader, eventsource-parser: "The cat\n\n\n- sat"
#   reader, fetch-event-stream: "Thecat- sat"
#   reader, event-source-plus: "Thecat- sat"
#   reader, httpx-sse: "The cat\n\n\n- sat"
#   reader, aiohttp-sse-client: "Thecat- sat"
#   reader, spring: "The cat\n\n\n- sat"
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy, a JDK (17) and
# maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

mkdir go java node
cat >go/go.mod <<'END'
module writer

go 1.26

require github.com/gin-contrib/sse v1.1.2
END
cat >go/main.go <<'END'
package main

import (
	"os"

	"github.com/gin-contrib/sse"
)

func main() {
	for _, text := range []string{"The", " cat", "\n", "\n\n", "- sat"} {
		if err := sse.Encode(os.Stdout, sse.Event{Data: text}); err != nil {
			panic(err)
		}
	}
}
END
cat >java/pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>x</groupId>
  <artifactId>x</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.springframework</groupId>
      <artifactId>spring-webflux</artifactId>
      <version>7.0.8</version>
    </dependency>
    <dependency>
      <groupId>org.springframework</groupId>
      <artifactId>spring-webmvc</artifactId>
      <version>7.0.8</version>
    </dependency>
    <dependency>
      <groupId>io.projectreactor.netty</groupId>
      <artifactId>reactor-netty-http</artifactId>
      <version>1.3.7</version>
    </dependency>
    <dependency>
      <groupId>jakarta.servlet</groupId>
      <artifactId>jakarta.servlet-api</artifactId>
      <version>6.1.0</version>
    </dependency>
  </dependencies>
</project>
END
cat >java/Main.java <<'END'
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import reactor.core.publisher.Flux;
import reactor.netty.http.server.HttpServer;

/** Writes what WebFlux and MVC write to files, and says what WebClient reads of a URL. */
public class Main {
    static final List<String> TEXTS = List.of("The", " cat", "\n", "\n\n", "- sat");

    public static void main(String[] arguments) throws Exception {
        var route = RouterFunctions.route(RequestPredicates.GET("/"), request ->
            ServerResponse.ok().contentType(MediaType.TEXT_EVENT_STREAM)
                .body(BodyInserters.fromPublisher(Flux.fromIterable(TEXTS), String.class)));
        var adapter = new ReactorHttpHandlerAdapter(RouterFunctions.toHttpHandler(route));
        var server = HttpServer.create().host("127.0.0.1").port(0).handle(adapter).bindNow();
        var body = WebClient.create("http://127.0.0.1:" + server.port()).get()
            .accept(MediaType.ALL).retrieve().bodyToMono(byte[].class).block();
        Files.write(Path.of("webflux"), body);

        var written = new StringBuilder();
        for (var text : TEXTS) {
            for (var part : SseEmitter.event().data(text).build()) written.append(part.getData());
        }
        Files.write(Path.of("mvc"), written.toString().getBytes(StandardCharsets.UTF_8));

        var read = new StringBuilder();
        var type = new ParameterizedTypeReference<ServerSentEvent<String>>() {};
        for (var event : WebClient.create(arguments[0]).get().retrieve().bodyToFlux(type)
                .toIterable()) {
            read.append(event.data() == null ? "" : event.data());
        }
        System.out.println("reader, spring: \"" + read.toString().replace("\n", "\\n") + '"');
        System.exit(0);
    }
}
END
cat >write.py <<'END'
import sys

from sse_starlette.event import ServerSentEvent

for text in ("The", " cat", "\n", "\n\n", "- sat"):
    sys.stdout.buffer.write(ServerSentEvent(data=text).encode())
END
cat >node/write.mjs <<'END'
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const app = new Hono().get("/", (context) => streamSSE(context, async (stream) => {
    for (const data of ["The", " cat", "\n", "\n\n", "- sat"]) await stream.writeSSE({ data });
}));
process.stdout.write(await (await app.request("/")).text());
END
cat >server.py <<'END'
import http.server

BODY = b"".join(
    b"".join(b"data: %s\n" % line for line in text.split(b"\n")) + b"\n"
    for text in (b"The", b" cat", b"\n", b"\n\n", b"- sat")
)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >node/read.mjs <<'END'
import { readFileSync } from "node:fs";
import { createParser } from "eventsource-parser";
import { EventSourcePlus } from "event-source-plus";
import { events } from "fetch-event-stream";

const [, , url, ...files] = process.argv;
const report = (name, text) => console.log(`${name}: ${JSON.stringify(text)}`);

function parsed(bytes) {
    let text = "";
    const parser = createParser({ onEvent: (event) => (text += event.data) });
    parser.feed(bytes.toString());
    return text;
}

for (const file of files) report(`writer, ${file}`, parsed(readFileSync(file)));
report("reader, eventsource-parser", parsed(await (await fetch(url)).text()));
let text = "";
for await (const event of events(await fetch(url))) text += event.data;
report("reader, fetch-event-stream", text);
text = "";
await new Promise((resolve) => {
    const source = new EventSourcePlus(url, { maxRetryCount: 0 });
    const controller = source.listen({
        onMessage(event) {
            text += event.data;
            if (event.data.includes("sat")) resolve(controller.abort());
        },
    });
});
report("reader, event-source-plus", text);
process.exit();
END
cat >read.py <<'END'
import asyncio
import json
import sys

import httpx
import httpx_sse
from aiohttp_sse_client.client import EventSource

url = sys.argv[1]


def report(name, text):
    print(f"reader, {name}: {json.dumps(text)}")


async def of_aiohttp():
    text = ""
    async with EventSource(url) as events:
        async for event in events:
            text += event.data
            if "sat" in text:
                return text


with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
    report("httpx-sse", "".join(event.data for event in source.iter_sse()))
report("aiohttp-sse-client", asyncio.run(of_aiohttp()))
END
cat >expected <<'END'
writer, webflux: "Thecat\n\n\n- sat"
writer, mvc: "Thecat\n\n\n- sat"
writer, gin: "Thecat\n\n\n- sat"
writer, hono: "The cat\n\n\n- sat"
writer, sse-starlette: "The cat\n\n\n- sat"
reader, eventsource-parser: "The cat\n\n\n- sat"
reader, fetch-event-stream: "Thecat- sat"
reader, event-source-plus: "Thecat- sat"
reader, httpx-sse: "The cat\n\n\n- sat"
reader, aiohttp-sse-client: "Thecat- sat"
reader, spring: "The cat\n\n\n- sat"
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sse-starlette==3.7.0 httpx==0.28.1 \
    httpx-sse==0.4.3 aiohttp==3.14.5 aiohttp-sse-client==0.2.1
(cd node && npm install --no-audit --no-fund --silent hono@4.13.19 eventsource-parser@3.1.1 \
    fetch-event-stream@0.1.6 event-source-plus@0.1.15)
(cd go && go mod tidy 2>/dev/null && go build -o writer .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number/
go/writer >gin
node node/write.mjs >hono
venv/bin/python write.py >sse-starlette
java -cp 'java/lib/*:java' Main "$url" >spring 2>/dev/null
{
    node node/read.mjs "$url" webflux mvc gin hono sse-starlette
    venv/bin/python read.py "$url"
    cat spring
} | tee seen
diff expected seen
