#!/bin/sh
# langchain-openai 1.7.4, litellm 1.108.7 (PyPI); @langchain/openai 1.5.8 (npm);
# github.com/tmc/langchaingo 0.1.14 (Go 1.26.8); beside them openai 3.57.0, haystack-ai 3.4.1 (PyPI),
# openai 6.49.0 (npm); Node.js 20.20.2
#
# What becomes of two answers to one question, as one asks for by n=2 to choose between them, when
# they are streamed. Their parts come in any order, and each has its answer's "index" (OpenAI's API
# reference, chat.completion.chunk: "choices" has more than one element if n is greater than 1).
# LangChain's stream(), in Python and JavaScript, and langchaingo hand out all of it as one text,
# two answers mixed word by word, although in Python LangChain refuses n with streaming=True,
# and in JavaScript its generate() has both. litellm hands out the parts with their index, but
# its stream_chunk_builder(), which is to put them together, makes one answer of both, and
# the second one's finish_reason never comes: who waits for it does not know of its end. Haystack
# raises an error.
# Who wants two streamed answers asks twice, or keeps them apart by the index.
#
# Seen on 1 December 2026, of the answers "ab" and "12":
#   python, openai: "ab" stop, "12" stop
#   python, langchain: "a1b2"; with streaming=True error
#   python, litellm: "ab" stop, "12" none; put together "a1b2"
#   python, haystack: error
#   node, openai: "ab" stop, "12" stop
#   node, langchain: "a1b2"; generate() "ab", "12"
#   go, langchaingo: "a1b2"
#
# Needs python3 with venv, node 20 or later, npm, go and its module proxy. Exits with 0 if that is
# still so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json


def chunk(index, text):
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}
    delta = {"role": "assistant", "content": text} if text else {}
    choice = {"index": index, "delta": delta, "finish_reason": None if text else "stop"}
    return json.dumps({**head, "choices": [choice]})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["stream"] and asked["n"] == 2
        parts = [chunk(0, "a"), chunk(1, "1"), chunk(0, "b"), chunk(1, "2"), chunk(0, ""),
                 chunk(1, ""), "[DONE]"]
        body = "".join(f"data: {part}\n\n" for part in parts).encode()
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

mkdir python node go
cat >python/client.py <<'END'
import logging
import sys
import warnings

import litellm
import openai
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret
from langchain_openai import ChatOpenAI

url = sys.argv[1]
warnings.simplefilter("ignore")
logging.disable()
litellm.suppress_debug_info = True
asked = {"messages": [{"role": "user", "content": "x"}], "stream": True, "n": 2}


def apart(parts):
    texts, reasons = {}, {}
    for part in parts:
        for choice in part.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            reasons[choice.index] = choice.finish_reason or reasons.get(choice.index, "none")
    return ", ".join(f'"{texts[index]}" {reasons[index]}' for index in sorted(texts))


def of_langchain():
    model = {"base_url": url, "api_key": "x", "model": "x", "n": 2}
    text = "".join(part.content for part in ChatOpenAI(**model).stream("x"))
    try:
        told = ChatOpenAI(**model, streaming=True).invoke("x").content
    except ValueError:
        told = "error"
    return f'"{text}"; with streaming=True {told}'


def of_litellm():
    parts = list(litellm.completion(model="openai/x", api_base=url, api_key="x", **asked))
    whole = litellm.stream_chunk_builder(parts)
    joined = ", ".join(f'"{choice.message.content}"' for choice in whole.choices)
    return f"{apart(parts)}; put together {joined}"


def of_haystack():
    model = OpenAIChatGenerator(api_key=Secret.from_token("x"), model="x", api_base_url=url,
                                streaming_callback=lambda part: None, generation_kwargs={"n": 2})
    try:
        replies = model.run([ChatMessage.from_user("x")])["replies"]
    except ValueError:
        return "error"
    return ", ".join(f'"{reply.text}"' for reply in replies)


client = openai.OpenAI(base_url=url, api_key="x")
print("python, openai:", apart(client.chat.completions.create(model="x", **asked)))
print("python, langchain:", of_langchain())
print("python, litellm:", of_litellm())
print("python, haystack:", of_haystack())
END
cat >node/client.mjs <<'END'
import { ChatOpenAI } from "@langchain/openai";
import OpenAI from "openai";

const baseURL = process.argv[2];
const common = { apiKey: "x", model: "x", n: 2 };

const whole = await new OpenAI({ baseURL, apiKey: "x" }).chat.completions.stream(
    { model: "x", n: 2, messages: [{ role: "user", content: "x" }] }).finalChatCompletion();
console.log("node, openai: " + whole.choices.map(
    (choice) => `"${choice.message.content}" ${choice.finish_reason}`).join(", "));

let text = "";
for await (const part of await new ChatOpenAI({ configuration: { baseURL }, ...common }).stream("x")) {
    text += part.content;
}
const model = new ChatOpenAI({ configuration: { baseURL }, ...common, streaming: true });
const { generations } = await model.generate([[["user", "x"]]]);
const both = generations[0].map((answer) => `"${answer.text}"`).join(", ");
console.log(`node, langchain: "${text}"; generate() ${both}`);
process.exit();
END
cat >go/go.mod <<'END'
module client

go 1.26

require github.com/tmc/langchaingo v0.1.14
END
cat >go/main.go <<'END'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

func main() {
	model, err := openai.New(openai.WithBaseURL(os.Args[1]), openai.WithToken("x"),
		openai.WithModel("x"))
	if err != nil {
		panic(err)
	}
	response, err := model.GenerateContent(context.Background(),
		[]llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "x")}, llms.WithN(2),
		llms.WithStreamingFunc(func(context.Context, []byte) error { return nil }))
	if err != nil {
		panic(err)
	}
	answers := []string{}
	for _, choice := range response.Choices {
		answers = append(answers, fmt.Sprintf("%q", choice.Content))
	}
	fmt.Println("go, langchaingo:", strings.Join(answers, ", "))
}
END
cat >expected <<'END'
python, openai: "ab" stop, "12" stop
python, langchain: "a1b2"; with streaming=True error
python, litellm: "ab" stop, "12" none; put together "a1b2"
python, haystack: error
node, openai: "ab" stop, "12" stop
node, langchain: "a1b2"; generate() "ab", "12"
go, langchaingo: "a1b2"
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 litellm==1.108.7 \
    langchain-openai==1.7.4 haystack-ai==3.4.1
(cd node && npm install --no-audit --no-fund --silent openai@6.49.0 @langchain/openai@1.5.8 \
    @langchain/core@1.4.0)
(cd go && go mod tidy 2>/dev/null && go build -o client .)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number/v1
{
    HAYSTACK_TELEMETRY_ENABLED=False LITELLM_LOCAL_MODEL_COST_MAP=True \
        venv/bin/python python/client.py "$url" 2>/dev/null
    node node/client.mjs "$url" 2>/dev/null
    go/client "$url"
} | grep -E '^(python|node|go), ' | tee seen
diff expected seen
