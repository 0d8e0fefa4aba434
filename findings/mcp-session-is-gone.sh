#!/bin/sh
# mcp 2.3.0 (PyPI), @modelcontextprotocol/sdk 1.32.2 (npm), github.com/modelcontextprotocol/
# go-sdk 1.8.0, github.com/mark3labs/mcp-go 1.2.1, io.modelcontextprotocol.sdk:mcp 2.1.0
# (Maven Central)
#
# What becomes of an MCP client whose server was started anew and knows its session no longer,
# as each server that keeps them in memory. It answers 404, by which a client MUST begin a
# new session (protocol 2025-11-25, Transports, session management, 4). Java's client does so
# with the next call. None of the others, which are those of Python, TypeScript and Go, ever
# does, nor forgets the session: each call for the rest of the program's life says "Session
# not found", though the server is well and a new client works at once. Behind a proxy or
# a tunnel nothing else tells of the restart, since the connection to that holds.
# A program makes a new client after such an error, or its server keeps no sessions.
#
# Seen on 1 December 2026, of five calls, the server being new from the third one on:
#   python: ok ok error error error, 1 session
#   typescript: ok ok error error error, 1 session
#   go-sdk: ok ok error error error, 1 session
#   mcp-go: ok ok error error error, 1 session
#   java: ok ok error ok ok, 2 sessions
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy, curl, a JDK (17) and
# maven. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import collections
import http.server
import json

sessions = collections.Counter()  # of a client
calls = collections.Counter()  # of a client
TOOL = {"name": "x", "inputSchema": {"type": "object"}}
FIRST = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "x", "version": "1"},
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, what=None, session=None):
        text = b"" if what is None else json.dumps({"jsonrpc": "2.0", **what}).encode()
        self.send_response(status)
        if session:
            self.send_header("Mcp-Session-Id", session)
        if text:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path.startswith("/count/"):
            return self.answer(200, {"count": sessions[self.path[6:]]})
        self.answer(405)

    def do_DELETE(self):
        self.answer(200)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, number = message.get("method"), message.get("id")
        if method == "initialize":
            sessions[self.path] += 1
            session = str(sessions[self.path])
            return self.answer(200, {"id": number, "result": FIRST}, session)
        if method == "tools/call":
            calls[self.path] += 1
        if calls[self.path] > 2 and self.headers["Mcp-Session-Id"] == "1":
            gone = {"code": -32001, "message": "Session not found"}
            return self.answer(404, {"id": number, "error": gone})
        if number is None:
            return self.answer(202)
        if method == "tools/call":
            result = {"content": [{"type": "text", "text": "ok"}]}
        elif method == "tools/list":
            result = {"tools": [TOOL]}
        else:
            unknown = {"code": -32601, "message": "Method not found"}
            return self.answer(200, {"id": number, "error": unknown})
        self.answer(200, {"id": number, "result": result})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

mkdir go java node
cat >client.py <<'END'
import asyncio
import sys

from mcp import Client


async def main():
    async with Client(sys.argv[1]) as client:
        for _ in range(5):
            try:
                print((await client.call_tool("x", {})).content[0].text)
            except Exception:
                print("error")


asyncio.run(main())
END
cat >node/client.mjs <<'END'
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "x", version: "1" });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
for (let i = 0; i < 5; i++) {
    try {
        console.log((await client.callTool({ name: "x" })).content[0].text);
    } catch {
        console.log("error");
    }
}
process.exit();
END
cat >go/go.mod <<'END'
module client

go 1.26

require (
	github.com/mark3labs/mcp-go v1.2.1
	github.com/modelcontextprotocol/go-sdk v1.8.0
)
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"fmt"
	"os"

	markclient "github.com/mark3labs/mcp-go/client"
	markmcp "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var ctx = context.Background()

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func callOfSdk(url string) func() error {
	client := mcp.NewClient(&mcp.Implementation{Name: "x", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, nil)
	check(err)
	return func() error {
		_, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "x"})
		return err
	}
}

func callOfMark(url string) func() error {
	client, err := markclient.NewStreamableHttpClient(url)
	check(err)
	check(client.Start(ctx))
	first := markmcp.InitializeRequest{}
	first.Params.ProtocolVersion = markmcp.LATEST_PROTOCOL_VERSION
	first.Params.ClientInfo = markmcp.Implementation{Name: "x", Version: "1"}
	_, err = client.Initialize(ctx, first)
	check(err)
	return func() error {
		request := markmcp.CallToolRequest{}
		request.Params.Name = "x"
		_, err := client.CallTool(ctx, request)
		return err
	}
}

func main() {
	make := callOfSdk
	if os.Args[1] == "mcp-go" {
		make = callOfMark
	}
	call := make(os.Args[2])
	for range 5 {
		if err := call(); err != nil {
			fmt.Println("error")
		} else {
			fmt.Println("ok")
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
      <groupId>io.modelcontextprotocol.sdk</groupId>
      <artifactId>mcp</artifactId>
      <version>2.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-nop</artifactId>
      <version>2.0.17</version>
    </dependency>
  </dependencies>
</project>
END
cat >java/Main.java <<'END'
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import java.net.URI;
import java.time.Duration;
import java.util.Map;

public class Main {
    public static void main(String[] arguments) {
        var limit = Duration.ofSeconds(60);
        var url = URI.create(arguments[0]);
        var transport = HttpClientStreamableHttpTransport.builder("http://" + url.getAuthority())
            .endpoint(url.getPath()).build();
        var client =
            McpClient.sync(transport).requestTimeout(limit).initializationTimeout(limit).build();
        client.initialize();
        for (int i = 0; i < 5; i++) {
            try {
                client.callTool(CallToolRequest.builder().name("x").arguments(Map.of()).build());
                System.out.println("ok");
            } catch (RuntimeException error) {
                System.out.println("error");
            }
        }
        System.exit(0);
    }
}
END
cat >expected <<'END'
python: ok ok error error error, 1 session
typescript: ok ok error error error, 1 session
go-sdk: ok ok error error error, 1 session
mcp-go: ok ok error error error, 1 session
java: ok ok error ok ok, 2 sessions
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
(cd node && npm install --no-audit --no-fund --silent @modelcontextprotocol/sdk@1.32.2)
(cd go && go mod tidy 2>/dev/null && go build -o client .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -nowarn -cp 'lib/*' Main.java 2>/dev/null)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
base=http://127.0.0.1:$number
for client in python typescript go-sdk mcp-go java; do
    url=$base/$client
    said=$(case $client in
    python) venv/bin/python client.py "$url" 2>/dev/null ;;
    typescript) node node/client.mjs "$url" ;;
    java) java -cp 'java/lib/*:java' Main "$url" 2>/dev/null ;;
    *) go/client $client "$url" ;;
    esac | paste -sd ' ')
    count=$(curl -s "$base/count/$client" | tr -cd '0-9,' | cut -d, -f2)
    echo "$client: $said, $count session$([ "$count" = 1 ] || echo s)"
done | tee seen
diff expected seen
