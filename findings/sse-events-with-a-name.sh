#!/bin/sh
# groq 1.7.0, together 3.1.1, openai 3.57.0, litellm 1.108.7, mistralai 3.7.0 (PyPI); together-ai
# 0.52.0, groq-sdk 1.6.0, openai 6.49.0, @mistralai/mistralai 2.7.0, @huggingface/inference 4.13.30
# (npm); github.com/sashabaranov/go-openai 1.43.0, github.com/openai/openai-go 3.98.0,
# github.com/tmc/langchaingo 0.1.14 (Go 1.26.8); Node.js 20.20.2
#
# What SDKs of OpenAI's API and of those that are like it make of Server-Sent Events which are
# written in another way than by OpenAI's own server, each proper by the HTML standard (9.2.6):
#   name   "event: message" in front of the data, which is the name that an event has anyway,
#          and which many libraries for servers write. Both of Together's clients pass over
#          any event with a name: the answer is empty, without an error. Groq's for Python
#          gives out parts whose choices are None, with the real ones in a field "data"
#   lines  an event's JSON in several "data:" lines, as a library makes it of JSON with line
#          ends. litellm and langchaingo take each line for an event, and drop those that are
#          no JSON by themselves: the answer is empty as well, without an error
#   mark   a byte order mark at the beginning (9.2.5), as some writers of text put it. In
#          Python OpenAI's, Groq's and Together's clients and litellm, and all in Go,
#          lose the first event, and with it the first word
# One maker's clients for Python and JavaScript differ. A server writes "data: ", JSON on one
# line, and an empty line, and nothing else.
#
# Seen on 1 December 2026, of "The" and " cat":
#   python openai: plain all, name all, lines all, mark " cat"
#   python groq: plain all, name without choices, lines all, mark " cat"
#   python together: plain all, name "", lines all, mark " cat"
#   python mistral: plain all, name all, lines all, mark all
#   python litellm: plain all, name all, lines "", mark " cat"
#   node openai: plain all, name all, lines all, mark all
#   node groq: plain all, name all, lines all, mark all
#   node together: plain all, name "", lines all, mark all
#   node mistral: plain all, name all, lines all, mark all
#   node huggingface: plain all, name all, lines all, mark all
#   go-openai: plain all, name all, lines an error, mark " cat"
#   openai-go: plain all, name all, lines all, mark " cat"
#   langchaingo: plain all, name all, lines "", mark " cat"
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy. Exits with 0 if that
# is still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

mkdir go node
cat >server.py <<'END'
import http.server
import json


def part(text, reason=None, indent=None):
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
             "choices": [choice]}
    return json.dumps(whole, indent=indent)


def events(head="", indent=None):
    parts = [part("The", None, indent), part(" cat", None, indent), part("", "stop", indent)]
    for data in (*parts, "[DONE]"):
        yield head + "".join(f"data: {line}\n" for line in data.split("\n")) + "\n"


BODIES = {
    "plain": "".join(events()),
    "name": "".join(events(head="event: message\n")),
    "lines": "".join(events(indent=1)),
    "mark": "\ufeff" + "".join(events()),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = BODIES[self.path.split("/")[1]].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >main.py <<'END'
import json
import sys

import groq
import litellm
import openai
import together
from mistralai.client import Mistral

litellm.suppress_debug_info = True
asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def joined(parts):
    text = ""
    for part in parts:
        if part.choices is None:
            return None
        text += part.choices[0].delta.content or ""
    return text


def of(make):
    return lambda url: joined(
        make(base_url=url, api_key="x").chat.completions.create(**asked, stream=True))


def of_mistral(url):
    client = Mistral(server_url=url, api_key="x")
    return joined(event.data for event in client.chat.stream(**asked))


def of_litellm(url):
    return joined(litellm.completion(**{**asked, "model": "deepseek/m"}, api_base=url, api_key="x",
                                     stream=True))


ways = {
    "openai": of(openai.OpenAI),
    "groq": of(groq.Groq),
    "together": of(together.Together),
    "mistral": of_mistral,
    "litellm": of_litellm,
}
for name, way in ways.items():
    seen = []
    for kind in ("plain", "name", "lines", "mark"):
        text = way(f"{sys.argv[1]}/{kind}")
        word = "without choices" if text is None else json.dumps(text)
        seen.append(f"{kind} {'all' if text == 'The cat' else word}")
    print(f"python {name}: {', '.join(seen)}", flush=True)
END
cat >node/main.mjs <<'END'
import { InferenceClient } from "@huggingface/inference";
import { Mistral } from "@mistralai/mistralai";
import Groq from "groq-sdk";
import OpenAI from "openai";
import Together from "together-ai";

const asked = { model: "m", messages: [{ role: "user", content: "x" }] };
const of = (Class) => (baseURL) =>
    new Class({ baseURL, apiKey: "x" }).chat.completions.create({ ...asked, stream: true });
const ways = {
    openai: of(OpenAI),
    groq: of(Groq),
    together: of(Together),
    mistral: (serverURL) => new Mistral({ serverURL, apiKey: "x" }).chat.stream(asked),
    huggingface: (url) => new InferenceClient("x").endpoint(url).chatCompletionStream(asked),
};
for (const [name, way] of Object.entries(ways)) {
    const seen = [];
    for (const kind of ["plain", "name", "lines", "mark"]) {
        let text = "";
        for await (const part of await way(`${process.argv[2]}/${kind}`)) {
            text += (part.data ?? part).choices[0].delta.content ?? "";
        }
        seen.push(`${kind} ${text === "The cat" ? "all" : JSON.stringify(text)}`);
    }
    console.log(`node ${name}: ${seen.join(", ")}`);
}
END
cat >go/go.mod <<'END'
module reader

go 1.26

require (
	github.com/openai/openai-go/v3 v3.98.0
	github.com/sashabaranov/go-openai v1.43.0
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
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	goopenai "github.com/sashabaranov/go-openai"
	"github.com/tmc/langchaingo/llms"
	langchain "github.com/tmc/langchaingo/llms/openai"
)

var background = context.Background()

func ofGoOpenai(url string) (string, error) {
	config := goopenai.DefaultConfig("x")
	config.BaseURL = url
	stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(background,
		goopenai.ChatCompletionRequest{Model: "m",
			Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "x"}}})
	text := ""
	for err == nil {
		var part goopenai.ChatCompletionStreamResponse
		if part, err = stream.Recv(); err == nil {
			text += part.Choices[0].Delta.Content
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text, err
}

func ofOpenaiGo(url string) (string, error) {
	client := openai.NewClient(option.WithBaseURL(url), option.WithAPIKey("x"))
	stream := client.Chat.Completions.NewStreaming(background, openai.ChatCompletionNewParams{
		Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("x")},
	})
	text := ""
	for stream.Next() {
		text += stream.Current().Choices[0].Delta.Content
	}
	return text, stream.Err()
}

func ofLangchaingo(url string) (string, error) {
	model, err := langchain.New(langchain.WithBaseURL(url), langchain.WithToken("x"), langchain.WithModel("m"))
	if err != nil {
		return "", err
	}
	text := ""
	_, err = llms.GenerateFromSinglePrompt(background, model, "x",
		llms.WithStreamingFunc(func(_ context.Context, part []byte) error {
			text += string(part)
			return nil
		}))
	return text, err
}

func main() {
	ways := []struct {
		name string
		way  func(string) (string, error)
	}{{"go-openai", ofGoOpenai}, {"openai-go", ofOpenaiGo}, {"langchaingo", ofLangchaingo}}
	for _, reader := range ways {
		var seen []string
		for _, kind := range []string{"plain", "name", "lines", "mark"} {
			text, err := reader.way(os.Args[1] + "/" + kind)
			word := fmt.Sprintf("%q", text)
			if err != nil {
				word = "an error"
			} else if text == "The cat" {
				word = "all"
			}
			seen = append(seen, kind+" "+word)
		}
		fmt.Printf("%s: %s\n", reader.name, strings.Join(seen, ", "))
	}
}
END
cat >expected <<'END'
python openai: plain all, name all, lines all, mark " cat"
python groq: plain all, name without choices, lines all, mark " cat"
python together: plain all, name "", lines all, mark " cat"
python mistral: plain all, name all, lines all, mark all
python litellm: plain all, name all, lines "", mark " cat"
node openai: plain all, name all, lines all, mark all
node groq: plain all, name all, lines all, mark all
node together: plain all, name "", lines all, mark all
node mistral: plain all, name all, lines all, mark all
node huggingface: plain all, name all, lines all, mark all
go-openai: plain all, name all, lines an error, mark " cat"
openai-go: plain all, name all, lines all, mark " cat"
langchaingo: plain all, name all, lines "", mark " cat"
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 groq==1.7.0 together==3.1.1 \
    mistralai==3.7.0 litellm==1.108.7
(cd node && npm install --no-audit --no-fund --silent openai@6.49.0 groq-sdk@1.6.0 together-ai@0.52.0 \
    @mistralai/mistralai@2.7.0 @huggingface/inference@4.13.30)
(cd go && go mod tidy 2>/dev/null && go build -o reader .)

mkfifo port
python3 server.py >port 2>log &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    # It fetches no list of prices.
    LITELLM_LOCAL_MODEL_COST_MAP=True venv/bin/python main.py "$url" 2>errors
    node node/main.mjs "$url" 2>>errors
    go/reader "$url" 2>>errors
} | tee seen
diff expected seen
