#!/bin/sh
# github.com/r3labs/sse 2.10.0, github.com/tmaxmax/go-sse 0.12.0, github.com/tmc/langchaingo 0.1.14;
# beside them github.com/openai/openai-go 3.98.0, github.com/sashabaranov/go-openai 1.43.0,
# github.com/launchdarkly/eventsource 1.11.0 (Go 1.26.8); spring-webflux 7.0.8 with Reactor Netty
# 1.3.7 (Maven Central); OpenJDK 17.0.15; aiohttp 3.14.5, httpx-sse 0.4.3 (PyPI);
# eventsource-parser 3.1.1 (npm); Node.js 20.20.2
#
# How long a line of Server-Sent Events may be. The HTML standard (9.2.6) has no limit, and an
# event with a picture, a tool's result or a long list of log probabilities has 100 KB in one
# line. Go's bufio.Scanner ends at 64 KiB where it is not told otherwise, and so do
# three readers in Go that stand on it; Spring's WebClient has 256 KiB. Two of them fail with
# "token too long" and one with "exceeded limit", of which nobody thinks of an event, and the
# rest of the answer is lost. r3labs/sse says nothing: to it the stream has ended, so it
# connects anew, is given the first events, fails at the same one, and so on without
# end: a listener acts on those again and again. With short events all tests pass.
# tmaxmax has Connection.Buffer(), r3labs ClientMaxBufferSize(), Spring maxInMemorySize;
# langchaingo has nothing for it.
#
# Seen on 1 December 2026, of the events "a", one of so many bytes, and "b":
#   r3labs: 60000 all, 70000 a again and again, 300000 a again and again
#   tmaxmax: 60000 all, 70000 an error, 300000 an error
#   langchaingo: 60000 all, 70000 an error, 300000 an error
#   openai-go: 60000 all, 70000 all, 300000 all
#   go-openai: 60000 all, 70000 all, 300000 all
#   launchdarkly: 60000 all, 70000 all, 300000 all
#   aiohttp: 60000 all, 70000 all, 300000 all
#   httpx-sse: 60000 all, 70000 all, 300000 all
#   WebClient: 60000 all, 70000 all, 300000 an error
#   eventsource-parser: 60000 all, 70000 all, 300000 all
#
# Needs go and its module proxy, python3 with venv, node 20 or later, npm, a JDK (17) and maven.
# Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

mkdir go java node
cat >server.py <<'END'
import http.server
import json


def part(text, reason=None):
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                       "choices": [choice]})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        size = int(self.path.split("/")[1])
        events = [part("a"), part("x" * size), part("b"), part("", "stop"), "[DONE]"]
        body = "".join(f"data: {event}\n\n" for event in events).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

cat >go/go.mod <<'END'
module reader

go 1.26

require (
	github.com/launchdarkly/eventsource v1.11.0
	github.com/openai/openai-go/v3 v3.98.0
	github.com/r3labs/sse/v2 v2.10.0
	github.com/sashabaranov/go-openai v1.43.0
	github.com/tmaxmax/go-sse v0.12.0
	github.com/tmc/langchaingo v0.1.14
)
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/launchdarkly/eventsource"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	r3labs "github.com/r3labs/sse/v2"
	goopenai "github.com/sashabaranov/go-openai"
	tmaxmax "github.com/tmaxmax/go-sse"
	"github.com/tmc/langchaingo/llms"
	langchain "github.com/tmc/langchaingo/llms/openai"
)

var background = context.Background()

// heard says what an event is: "a", "b", or another one.
func heard(data string) string {
	for _, word := range []string{"a", "b"} {
		if strings.Contains(data, `"content": "`+word+`"`) {
			return word
		}
	}
	return ""
}

func result(words string, err error) string {
	switch {
	case err != nil:
		return "an error"
	case words == "ab":
		return "all"
	}
	return words
}

// ofR3labs does not wait for its end, which it may not have.
func ofR3labs(url string) string {
	words := make(chan string)
	go func() {
		_ = r3labs.NewClient(url).SubscribeRaw(func(event *r3labs.Event) {
			words <- heard(string(event.Data))
		})
	}()
	all := ""
	for word := range words {
		all += word
		if all == "aaa" {
			return "a again and again"
		}
		if word == "b" {
			break
		}
	}
	return result(all, nil)
}

func ofTmaxmax(url string) string {
	ctx, cancel := context.WithCancel(background)
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	client := tmaxmax.Client{Backoff: tmaxmax.Backoff{MaxRetries: -1}}
	connection := client.NewConnection(request)
	all, done := "", false
	connection.SubscribeToAll(func(event tmaxmax.Event) {
		all += heard(event.Data)
		if event.Data == "[DONE]" {
			done = true
			cancel()
		}
	})
	err := connection.Connect()
	if done {
		err = nil
	}
	return result(all, err)
}

func ofLaunchdarkly(url string) string {
	request, _ := http.NewRequest(http.MethodGet, url, nil)
	stream, err := eventsource.SubscribeWith("", http.DefaultClient, request)
	if err != nil {
		return result("", err)
	}
	defer stream.Close()
	all := ""
	for {
		select {
		case event := <-stream.Events:
			all += heard(event.Data())
			if event.Data() == "[DONE]" {
				return result(all, nil)
			}
		case err := <-stream.Errors:
			return result(all, err)
		}
	}
}

func ofLangchaingo(url string) string {
	model, err := langchain.New(langchain.WithBaseURL(url), langchain.WithToken("x"), langchain.WithModel("m"))
	if err != nil {
		panic(err)
	}
	all := ""
	_, err = llms.GenerateFromSinglePrompt(background, model, "x",
		llms.WithStreamingFunc(func(_ context.Context, text []byte) error {
			all += strings.ReplaceAll(string(text), "x", "")
			return nil
		}))
	return result(all, err)
}

func ofOpenaiGo(url string) string {
	client := openai.NewClient(option.WithBaseURL(url), option.WithAPIKey("x"))
	stream := client.Chat.Completions.NewStreaming(background, openai.ChatCompletionNewParams{
		Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("x")},
	})
	all := ""
	for stream.Next() {
		all += strings.ReplaceAll(stream.Current().Choices[0].Delta.Content, "x", "")
	}
	return result(all, stream.Err())
}

func ofGoOpenai(url string) string {
	config := goopenai.DefaultConfig("x")
	config.BaseURL = url
	stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(background,
		goopenai.ChatCompletionRequest{Model: "m",
			Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "x"}}})
	all := ""
	for err == nil {
		var part goopenai.ChatCompletionStreamResponse
		if part, err = stream.Recv(); err == nil {
			all += strings.ReplaceAll(part.Choices[0].Delta.Content, "x", "")
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return result(all, err)
}

func main() {
	ways := []struct {
		name string
		way  func(string) string
	}{
		{"r3labs", ofR3labs}, {"tmaxmax", ofTmaxmax}, {"langchaingo", ofLangchaingo},
		{"openai-go", ofOpenaiGo}, {"go-openai", ofGoOpenai}, {"launchdarkly", ofLaunchdarkly},
	}
	for _, reader := range ways {
		var seen []string
		for _, size := range os.Args[2:] {
			seen = append(seen, size+" "+reader.way(os.Args[1]+"/"+size))
		}
		fmt.Printf("%s: %s\n", reader.name, strings.Join(seen, ", "))
	}
}
END
cat >read.py <<'END'
import asyncio
import sys

import aiohttp
import httpx
import httpx_sse


def heard(text):
    return "".join(word for word in "ab" if f'"content": "{word}"' in text)


async def of_aiohttp(url):
    words = ""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        async for line in response.content:
            words += heard(line.decode())
    return words


async def of_httpx_sse(url):
    words = ""
    async with httpx.AsyncClient() as client:
        async with httpx_sse.aconnect_sse(client, "GET", url) as source:
            async for event in source.aiter_sse():
                words += heard(event.data)
    return words


for name, way in {"aiohttp": of_aiohttp, "httpx-sse": of_httpx_sse}.items():
    seen = []
    for size in sys.argv[2:]:
        try:
            words = asyncio.run(way(f"{sys.argv[1]}/{size}"))
            seen.append(f"{size} {'all' if words == 'ab' else words}")
        except ValueError:
            seen.append(f"{size} an error")
    print(f"{name}: {', '.join(seen)}")
END
cat >node/read.mjs <<'END'
import { createParser } from "eventsource-parser";

const [, , url, ...sizes] = process.argv;
const seen = [];
for (const size of sizes) {
    let words = "";
    const onEvent = ({ data }) => (words += /"content": "([ab])"/.exec(data)?.[1] ?? "");
    const parser = createParser({ onEvent });
    const response = await fetch(`${url}/${size}`);
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) parser.feed(text);
    seen.push(`${size} ${words === "ab" ? "all" : words}`);
}
console.log(`eventsource-parser: ${seen.join(", ")}`);
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
      <artifactId>spring-context</artifactId>
      <version>7.0.8</version>
    </dependency>
    <dependency>
      <groupId>io.projectreactor.netty</groupId>
      <artifactId>reactor-netty-http</artifactId>
      <version>1.3.7</version>
    </dependency>
  </dependencies>
</project>
END
cat >java/Main.java <<'END'
import java.util.StringJoiner;
import org.springframework.web.reactive.function.client.WebClient;

/** Says which events WebClient hands out of each size. */
public class Main {
    public static void main(String[] arguments) {
        var seen = new StringJoiner(", ", "WebClient: ", "");
        for (int i = 1; i < arguments.length; i++) {
            seen.add(arguments[i] + " " + read(arguments[0] + "/" + arguments[i]));
        };
        System.out.println(seen);
        System.exit(0);
    }

    static String read(String url) {
        var words = new StringBuilder();
        try {
            for (var data : WebClient.create(url).get().retrieve().bodyToFlux(String.class).toIterable()) {
                for (var word : new String[] { "a", "b" }) {
                    if (data.contains("\"content\": \"" + word + "\"")) words.append(word);
                }
            }
        } catch (RuntimeException error) {
            return "an error";
        }
        return words.toString().equals("ab") ? "all" : words.toString();
    }
}
END
cat >expected <<'END'
r3labs: 60000 all, 70000 a again and again, 300000 a again and again
tmaxmax: 60000 all, 70000 an error, 300000 an error
langchaingo: 60000 all, 70000 an error, 300000 an error
openai-go: 60000 all, 70000 all, 300000 all
go-openai: 60000 all, 70000 all, 300000 all
launchdarkly: 60000 all, 70000 all, 300000 all
aiohttp: 60000 all, 70000 all, 300000 all
httpx-sse: 60000 all, 70000 all, 300000 all
WebClient: 60000 all, 70000 all, 300000 an error
eventsource-parser: 60000 all, 70000 all, 300000 all
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiohttp==3.14.5 httpx==0.28.1 httpx-sse==0.4.3
(cd node && npm install --no-audit --no-fund --silent eventsource-parser@3.1.1)
(cd go && go mod tidy 2>/dev/null && go build -o reader .)
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >/dev/null &&
    javac -cp 'lib/*' Main.java)

mkfifo port
python3 server.py >port 2>log &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    go/reader "$url" 60000 70000 300000 2>/dev/null
    venv/bin/python read.py "$url" 60000 70000 300000
    java -cp 'java/lib/*:java' Main "$url" 60000 70000 300000 2>/dev/null
    node node/read.mjs "$url" 60000 70000 300000
} | tee seen
diff expected seen
