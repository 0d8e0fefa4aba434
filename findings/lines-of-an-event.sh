#!/bin/sh
# Writers: github.com/r3labs/sse 2.10.0, github.com/launchdarkly/eventsource 1.11.0,
# github.com/alexandrevicenzi/go-sse 1.6.0, gin-contrib/sse 1.1.2, github.com/tmaxmax/go-sse 0.12.0
# (Go 1.26.8); Spring MVC (SseEmitter) and WebFlux 7.0.8 (Maven Central); better-sse 0.16.1,
# fastify-sse-v2 4.2.2, h3 2.0.8, hono 4.13.19 (npm); sse-starlette 3.7.0, aiohttp-sse 3.0 with
# aiohttp 3.14.5, FastAPI 0.165.0 (PyPI). Reader: eventsource-parser 3.1.1 (npm) on Node.js 20.20.2
#
# What arrives of a text of several lines that a server library is given as an event's data. A
# line of a stream ends with LF, CR LF or CR (HTML standard, 9.2.5), so whoever writes puts
# each line of the data behind a "data:" of its own (9.2.6, 9.2.7), and a reader joins them.
# r3labs/sse puts "data: " in front of the first one alone, as better-sse does where the
# application has its own serializer for text instead of JSON: the other lines are fields
# that nobody knows, and of a list, a table or a program the first line arrives. r3labs/sse
# writes data that begins with ":" as it is, which is a comment. SplitData mends both.
# Three others look for LF only: at CR alone, as programs that count up on one line print it,
# what is behind it is lost, also with SplitData; gin writes a backslash and an "r" for it. No
# error tells, on either side. JSON on one line is safe.
#
# Seen on 1 December 2026, of "one", a line's end (LF, CR LF, CR) and "two", and of ": one":
#   go, r3labs: LF "one", CRLF "one", CR "one", colon nothing
#   go, r3labs, SplitData: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
#   go, launchdarkly: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
#   go, alexandrevicenzi: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
#   go, gin: LF "one\ntwo", CRLF "one\\r\ntwo", CR "one\\rtwo", colon ": one"
#   go, tmaxmax: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   java, mvc: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   java, webflux: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   node, better-sse: LF "one", CRLF "one", CR "one", colon ": one"
#   node, fastify-sse-v2: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
#   node, h3: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   node, hono: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   python, sse-starlette: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   python, aiohttp-sse: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#   python, fastapi: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy, a JDK (17) and
# maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir go java node
cat >texts.json <<'END'
{"LF": "one\ntwo", "CRLF": "one\r\ntwo", "CR": "one\rtwo", "colon": ": one"}
END
cat >client.py <<'END'
import asyncio
import json

import aiohttp.web
import aiohttp_sse
import fastapi
import fastapi.sse
import sse_starlette
import starlette.applications
import starlette.routing
import starlette.testclient

with open("texts.json") as file:
    texts = json.load(file)


def get(application):
    with starlette.testclient.TestClient(application) as client:
        return client.get("/").text


def of_starlette(text):
    async def events():
        yield {"data": text}

    async def answer(_):
        return sse_starlette.EventSourceResponse(events())
    return get(starlette.applications.Starlette(routes=[starlette.routing.Route("/", answer)]))


def of_fastapi(text):
    application = fastapi.FastAPI()

    @application.get("/", response_class=fastapi.sse.EventSourceResponse)
    async def events():
        yield fastapi.sse.ServerSentEvent(raw_data=text)
    return get(application)


def of_aiohttp(text):
    async def answer(request):
        async with aiohttp_sse.sse_response(request) as response:
            await response.send(text)
        return response

    async def ask():
        application = aiohttp.web.Application()
        application.router.add_get("/", answer)
        runner = aiohttp.web.AppRunner(application)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as response:
                wire = await response.text()
        await runner.cleanup()
        return wire
    return asyncio.run(ask())


for name, ask in (("sse-starlette", of_starlette), ("aiohttp-sse", of_aiohttp),
                  ("fastapi", of_fastapi)):
    for case, text in texts.items():
        print(json.dumps(["python, " + name, case, ask(text)]))
END
cat >node/client.mjs <<'END'
import { readFileSync } from "node:fs";
import http from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createSession } from "better-sse";
import Fastify from "fastify";
import { FastifySSEPlugin } from "fastify-sse-v2";
import { H3, createEventStream, toNodeHandler } from "h3";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const texts = JSON.parse(readFileSync("texts.json"));
const writers = {
    "better-sse": (text) => async (request, response) => {
        const session = await createSession(request, response, { serializer: (data) => data });
        session.push(text);
        response.end();
    },
    "fastify-sse-v2": async (text) => {
        const fastify = Fastify();
        fastify.register(FastifySSEPlugin);
        fastify.get("/", (request, reply) => {
            reply.sse({ data: text });
            reply.sseContext.source.end();
        });
        await fastify.ready();
        return (request, response) => fastify.routing(request, response);
    },
    "h3": (text) => toNodeHandler(new H3().get("/", (event) => {
        const stream = createEventStream(event);
        stream.push(text).then(() => stream.close());
        return stream.send();
    })),
    "hono": (text) => getRequestListener(new Hono().get("/", (context) =>
        streamSSE(context, (stream) => stream.writeSSE({ data: text }))).fetch),
};
for (const [name, write] of Object.entries(writers)) {
    for (const [wanted, text] of Object.entries(texts)) {
        const server = http.createServer(await write(text));
        await new Promise((go) => server.listen(0, "127.0.0.1", go));
        const headers = { Accept: "text/event-stream" };
        const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers });
        console.log(JSON.stringify(["node, " + name, wanted, await response.text()]));
        server.close();
        server.closeAllConnections();
    }
}
process.exit();
END
cat >node/table.mjs <<'END'
import { createInterface } from "node:readline";
import { createParser } from "eventsource-parser";

const rows = new Map();
for await (const line of createInterface({ input: process.stdin })) {
    const [name, wanted, wire] = JSON.parse(line);
    const events = [];
    createParser({ onEvent: (event) => events.push(JSON.stringify(event.data)) }).feed(wire);
    if (!rows.has(name)) rows.set(name, []);
    rows.get(name).push(`${wanted} ${events.join(" ") || "nothing"}`);
}
for (const [name, cells] of rows) console.log(`${name}: ${cells.join(", ")}`);
END
cat >go/go.mod <<'END'
module client

go 1.26

require (
	github.com/alexandrevicenzi/go-sse v1.6.0
	github.com/gin-contrib/sse v1.1.2
	github.com/launchdarkly/eventsource v1.11.0
	github.com/r3labs/sse/v2 v2.10.0
	github.com/tmaxmax/go-sse v0.12.0
)
END
cat >go/main.go <<'END'
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	alexandrevicenzi "github.com/alexandrevicenzi/go-sse"
	gin "github.com/gin-contrib/sse"
	launchdarkly "github.com/launchdarkly/eventsource"
	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"
)

type event struct {
	text string
}

func (event) Id() string     { return "" }
func (event) Event() string  { return "" }
func (e event) Data() string { return e.text }

func get(handler http.Handler, path string, publish func()) string {
	server := httptest.NewServer(handler)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
	if err != nil {
		panic(err)
	}
	time.AfterFunc(time.Second, publish)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	wire, _ := io.ReadAll(response.Body)
	return string(wire)
}

func ofR3labs(split bool) func(string) string {
	return func(text string) string {
		server := r3labs.New()
		server.SplitData = split
		server.CreateStream("x")
		return get(server, "/?stream=x", func() {
			server.Publish("x", &r3labs.Event{Data: []byte(text)})
		})
	}
}

func ofLaunchdarkly(text string) string {
	server := launchdarkly.NewServer()
	return get(server.Handler("x"), "/", func() { server.Publish([]string{"x"}, event{text}) })
}

func ofAlexandrevicenzi(text string) string {
	server := alexandrevicenzi.NewServer(&alexandrevicenzi.Options{Logger: log.New(io.Discard, "", 0)})
	return get(server, "/x", func() {
		server.SendMessage("/x", alexandrevicenzi.SimpleMessage(text))
	})
}

func ofGin(text string) string {
	var wire bytes.Buffer
	if err := gin.Encode(&wire, gin.Event{Data: text}); err != nil {
		panic(err)
	}
	return wire.String()
}

func ofTmaxmax(text string) string {
	server := &tmaxmax.Server{}
	return get(server, "/", func() {
		message := &tmaxmax.Message{}
		message.AppendData(text)
		server.Publish(message)
	})
}

func main() {
	file, err := os.ReadFile("texts.json")
	if err != nil {
		panic(err)
	}
	texts := map[string]string{}
	if err := json.Unmarshal(file, &texts); err != nil {
		panic(err)
	}
	for _, writer := range []struct {
		name  string
		write func(string) string
	}{
		{"r3labs", ofR3labs(false)}, {"r3labs, SplitData", ofR3labs(true)},
		{"launchdarkly", ofLaunchdarkly}, {"alexandrevicenzi", ofAlexandrevicenzi},
		{"gin", ofGin}, {"tmaxmax", ofTmaxmax},
	} {
		for _, wanted := range []string{"LF", "CRLF", "CR", "colon"} {
			line, err := json.Marshal([]string{"go, " + writer.name, wanted, writer.write(texts[wanted])})
			if err != nil {
				panic(err)
			}
			fmt.Println(string(line))
		}
	}
}
END
depend() {
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' \
        "$1" "$2" "$3"
}
{
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId>'
    printf '<version>1</version><dependencies>'
    depend org.springframework spring-webflux 7.0.8
    depend org.springframework spring-webmvc 7.0.8
    depend org.springframework spring-test 7.0.8
    depend jakarta.servlet jakarta.servlet-api 6.1.0
    depend com.fasterxml.jackson.core jackson-databind 2.21.1
    printf '</dependencies></project>'
} >java/pom.xml
cat >java/Main.java <<'END'
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.core.ResolvableType;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEventHttpMessageWriter;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import reactor.core.publisher.Flux;

public class Main {
    static String ofMvc(String text) {
        return SseEmitter.event().data(text).build().stream()
            .map(part -> part.getData().toString()).collect(Collectors.joining());
    }

    static String ofWebflux(String text) {
        var response = new MockServerHttpResponse();
        new ServerSentEventHttpMessageWriter().write(Flux.just(text),
            ResolvableType.forClass(String.class), MediaType.TEXT_EVENT_STREAM, response, Map.of())
            .block();
        return response.getBodyAsString().block();
    }

    public static void main(String[] arguments) throws Exception {
        var json = new ObjectMapper();
        Map<String, String> texts = json.readValue(new File("texts.json"), Map.class);
        for (var text : texts.entrySet())
            System.out.println(json.writeValueAsString(
                List.of("java, mvc", text.getKey(), ofMvc(text.getValue()))));
        for (var text : texts.entrySet())
            System.out.println(json.writeValueAsString(
                List.of("java, webflux", text.getKey(), ofWebflux(text.getValue()))));
    }
}
END
cat >expected <<'END'
go, r3labs: LF "one", CRLF "one", CR "one", colon nothing
go, r3labs, SplitData: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
go, launchdarkly: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
go, alexandrevicenzi: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
go, gin: LF "one\ntwo", CRLF "one\\r\ntwo", CR "one\\rtwo", colon ": one"
go, tmaxmax: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
java, mvc: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
java, webflux: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
node, better-sse: LF "one", CRLF "one", CR "one", colon ": one"
node, fastify-sse-v2: LF "one\ntwo", CRLF "one\ntwo", CR "one", colon ": one"
node, h3: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
node, hono: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
python, sse-starlette: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
python, aiohttp-sse: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
python, fastapi: LF "one\ntwo", CRLF "one\ntwo", CR "one\ntwo", colon ": one"
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sse-starlette==3.7.0 aiohttp-sse==3.0 \
    aiohttp==3.14.5 fastapi==0.165.0 starlette==1.10.0 httpx==0.28.1
(cd node && npm install --no-audit --no-fund --silent better-sse@0.16.1 fastify@5.12.8 \
    fastify-sse-v2@4.2.2 h3@2.0.8 hono@4.13.19 @hono/node-server@2.1.9 eventsource-parser@3.1.1)
(cd go && go mod tidy 2>/dev/null && go build -o client .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java 2>/dev/null)
{
    go/client
    java -cp 'java/lib/*:java' Main 2>/dev/null
    node node/client.mjs
    venv/bin/python client.py
} | node node/table.mjs | tee seen
diff expected seen
