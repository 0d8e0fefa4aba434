#!/bin/sh
# openai 3.57.0, groq 1.7.0, together 3.1.1, anthropic 2.14.0, mistralai 3.7.0,
# huggingface_hub 2.4.0, httpx-sse 0.4.3 (PyPI); openai 6.49.0,
# @anthropic-ai/sdk 1.14.0, @google/genai 2.32.0, cohere-ai 8.1.0,
# eventsource-parser 3.1.1 (npm)
#
# What readers of Server-Sent Events make of an event that has no data, as a server
# or a proxy may send to keep a connection open: "event: x" alone, or "data:" with
# nothing behind it. By the HTML standard (9.2.6) an event whose data buffer is
# empty is not dispatched, so both are as good as a comment. Most SDKs give the
# empty string to their JSON parser, and the whole answer ends in an error.
# A comment (": x" and an empty line) is what nearly all of them take; see
# google-genai-sse-fields.sh for those.
#
# Seen on 30 November 2026 (the answer is "a b c", with such an event behind each word):
#   python openai: event alone JSONDecodeError, data empty JSONDecodeError
#   python groq: event alone JSONDecodeError, data empty JSONDecodeError
#   python together: event alone whole, data empty JSONDecodeError
#   python anthropic: event alone whole, data empty whole
#   python mistralai: event alone whole, data empty ResponseValidationError
#   python huggingface_hub: event alone whole, data empty JSONDecodeError
#   python httpx-sse: event alone dispatched, data empty dispatched
#   node openai: event alone SyntaxError, data empty SyntaxError
#   node anthropic: event alone whole, data empty whole
#   node genai: event alone whole, data empty SyntaxError
#   node cohere: event alone whole, data empty SyntaxError
#   node eventsource-parser: event alone whole, data empty dispatched
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

# The first member of a path says what stands behind each event, the rest which API.
cat >server.py <<'END'
import http.server
import json

IDLE = {"event": "event: x\n\n", "data": "data:\n\n"}


def completions():
    for word in "abc":
        yield None, {
            "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{
                "index": 0, "delta": {"role": "assistant", "content": word},
                "finish_reason": None,
            }],
        }


def messages():
    yield "message_start", {"message": {
        "id": "1", "type": "message", "role": "assistant", "content": [], "model": "m",
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1}}}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    for word in "abc":
        yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}}
    yield "content_block_stop", {"index": 0}
    yield "message_stop", {}


def gemini():
    for word in "abc":
        yield None, {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": word}]}}]}


def cohere():
    yield "message-start", {"id": "1", "delta": {"message": {"role": "assistant"}}}
    for word in "abc":
        yield "content-delta", {"index": 0, "delta": {"message": {"content": {"text": word}}}}
    yield "message-end", {"delta": {"finish_reason": "COMPLETE"}}


def api_of(path):
    for part, api in (("messages", messages), ("GenerateContent", gemini), ("v2/chat", cohere)):
        if part in path:
            return api
    return completions


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        idle = IDLE[self.path.split("/")[1]]
        api = api_of(self.path)
        text = ""
        for name, data in api():
            if name:
                text += f"event: {name}\n"
                data["type"] = name
            text += f"data: {json.dumps(data)}\n\n{idle}"
        if api is completions:
            text += "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

cat >client.py <<'END'
import json
import sys

import anthropic
import groq
import httpx
import httpx_sse
import huggingface_hub
import mistralai.client
import openai
import together

asked = [{"role": "user", "content": "x"}]


def deltas(stream):
    return [chunk.choices[0].delta.content for chunk in stream]


def with_openai(base):
    client = openai.OpenAI(api_key="k", base_url=base + "/v1", max_retries=0)
    return deltas(client.chat.completions.create(model="m", messages=asked, stream=True))


def with_groq(base):
    client = groq.Groq(api_key="k", base_url=base, max_retries=0)
    return deltas(client.chat.completions.create(model="m", messages=asked, stream=True))


def with_together(base):
    client = together.Together(api_key="k", base_url=base + "/v1", max_retries=0)
    return deltas(client.chat.completions.create(model="m", messages=asked, stream=True))


def with_anthropic(base):
    client = anthropic.Anthropic(api_key="k", base_url=base, max_retries=0)
    with client.messages.stream(model="m", max_tokens=9, messages=asked) as stream:
        return list(stream.text_stream)


def with_mistralai(base):
    client = mistralai.client.Mistral(api_key="k", server_url=base)
    return deltas(event.data for event in client.chat.stream(model="m", messages=asked))


def with_huggingface_hub(base):
    client = huggingface_hub.InferenceClient(base_url=base, api_key="k")
    return deltas(client.chat_completion(messages=asked, stream=True))


def with_httpx_sse(base):
    words = []
    with httpx.Client() as client:
        with httpx_sse.connect_sse(client, "POST", base + "/v1/chat/completions") as source:
            for event in source.iter_sse():
                if event.data == "":
                    words.append("dispatched")
                elif event.data != "[DONE]":
                    words.append(json.loads(event.data)["choices"][0]["delta"]["content"])
    return words


def outcome(ask, base):
    try:
        words = ask(base)
        if "dispatched" in words:
            return "dispatched"
        return "whole" if words == ["a", "b", "c"] else "not whole"
    except Exception as error:
        return type(error).__name__


for ask in (with_openai, with_groq, with_together, with_anthropic, with_mistralai,
            with_huggingface_hub, with_httpx_sse):
    name = ask.__name__.removeprefix("with_").replace("x_s", "x-s")
    alone = outcome(ask, sys.argv[1] + "/event")
    empty = outcome(ask, sys.argv[1] + "/data")
    print(f"python {name}: event alone {alone}, data empty {empty}")
END

cat >client.mjs <<'END'
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { CohereClientV2 } from "cohere-ai";
import { EventSourceParserStream } from "eventsource-parser/stream";
import OpenAI from "openai";

const messages = [{ role: "user", content: "x" }];
const clients = {
    async *openai(base) {
        const client = new OpenAI({ apiKey: "k", baseURL: `${base}/v1`, maxRetries: 0 });
        const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
        for await (const chunk of stream) yield chunk.choices[0].delta.content;
    },
    async *anthropic(base) {
        const client = new Anthropic({ apiKey: "k", baseURL: base, maxRetries: 0 });
        const stream = await client.messages.create({ model: "m", max_tokens: 9, messages, stream: true });
        for await (const event of stream) if (event.delta?.text) yield event.delta.text;
    },
    async *genai(base) {
        const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: base } });
        const stream = await client.models.generateContentStream({ model: "m", contents: "x" });
        for await (const chunk of stream) yield chunk.text;
    },
    async *cohere(base) {
        const client = new CohereClientV2({ token: "k", environment: base });
        for await (const event of await client.chatStream({ model: "m", messages }))
            if (event.type === "content-delta") yield event.delta.message.content.text;
    },
    async *"eventsource-parser"(base) {
        const response = await fetch(`${base}/v1/chat/completions`, { method: "POST" });
        const events = response.body
            .pipeThrough(new TextDecoderStream())
            .pipeThrough(new EventSourceParserStream());
        for await (const { data } of events)
            if (data === "") yield "dispatched";
            else if (data !== "[DONE]") yield JSON.parse(data).choices[0].delta.content;
    },
};

async function outcome(ask, base) {
    try {
        const words = [];
        for await (const word of ask(base)) words.push(word);
        if (words.includes("dispatched")) return "dispatched";
        return words.join("") === "abc" ? "whole" : "not whole";
    } catch (error) {
        return error.name;
    }
}
for (const [name, ask] of Object.entries(clients)) {
    const alone = await outcome(ask, `${process.argv[2]}/event`);
    const empty = await outcome(ask, `${process.argv[2]}/data`);
    console.log(`node ${name}: event alone ${alone}, data empty ${empty}`);
}
END
cat >expected <<'END'
python openai: event alone JSONDecodeError, data empty JSONDecodeError
python groq: event alone JSONDecodeError, data empty JSONDecodeError
python together: event alone whole, data empty JSONDecodeError
python anthropic: event alone whole, data empty whole
python mistralai: event alone whole, data empty ResponseValidationError
python huggingface_hub: event alone whole, data empty JSONDecodeError
python httpx-sse: event alone dispatched, data empty dispatched
node openai: event alone SyntaxError, data empty SyntaxError
node anthropic: event alone whole, data empty whole
node genai: event alone whole, data empty SyntaxError
node cohere: event alone whole, data empty SyntaxError
node eventsource-parser: event alone whole, data empty dispatched
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 groq==1.7.0 \
    together==3.1.1 anthropic==2.14.0 mistralai==3.7.0 huggingface_hub==2.4.0 httpx-sse==0.4.3
npm install --no-audit --no-fund --silent openai@6.49.0 @anthropic-ai/sdk@1.14.0 \
    @google/genai@2.32.0 cohere-ai@8.1.0 eventsource-parser@3.1.1

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
{
    venv/bin/python client.py "http://127.0.0.1:$number"
    node client.mjs "http://127.0.0.1:$number"
} | tee seen
diff expected seen
