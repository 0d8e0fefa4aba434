#!/bin/sh
# litellm 1.108.7 and its proxy, pydantic-ai-slim 2.68.0; beside them openai 3.57.0,
# langchain-openai 1.7.4, haystack-ai 3.4.1 (PyPI); openai 6.49.0, @langchain/openai 1.5.8, ai
# 6.0.326 with @ai-sdk/openai-compatible 2.0.92 (npm); Node.js 20.20.2
#
# What a caller is told of why the model stopped, where nobody said it. In OpenAI's API the
# last part of a streamed answer has finish_reason, and "stop" in it says that the model
# came to its end; a body that ends as HTTP properly without one is that of a server that was
# stopped in mid-answer, or of a proxy that lost it, so a careful caller looks there. With
# two libraries that does not help: litellm and Pydantic AI put "stop" there themselves, and
# Pydantic AI gives the answer the state "complete". litellm's proxy, asked by any other
# client, writes it into the stream, with "[DONE]" behind, so that half an answer has all the
# signs of a whole one, and nothing behind it can tell. The others leave the field
# empty, or raise an error.
# Pydantic AI has a setting, openai_chat_streaming_requires_finish_reason, off as shipped;
# with litellm one asks the server without it. A proxy breaks off what broke off: that is
# an error in all of these (litellm's proxy makes an event of it).
#
# Seen on 1 December 2026, of an answer that ends at "length", and of one that has no reason:
#   openai: length; none
#   langchain: length; none
#   haystack: length; none
#   litellm: length; stop
#   pydantic-ai: length, complete; stop, complete
#   litellm's proxy: length, [DONE]; stop, [DONE]
#   node openai: length; none
#   node openai stream(): length; an error
#   node langchain: length; none
#   node ai: length; error
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'kill $pids 2>/dev/null || true; rm -rf "$folder"' EXIT
pids=
cd "$folder"

cat >server.py <<'END'
import http.server
import json


def part(text, reason=None):
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [choice]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        events = [json.dumps(part(text)) for text in ("The", " cat")]
        if self.path.startswith("/whole/"):
            events += [json.dumps(part("", "length")), "[DONE]"]
        body = "".join(f"data: {event}\n\n" for event in events).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
cat >main.py <<'END'
import asyncio
import sys

import litellm
import openai
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.utils import Secret
from langchain_openai import ChatOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

litellm.suppress_debug_info = True
ASKED = [{"role": "user", "content": "x"}]


def last(parts):
    return [part.choices[0].finish_reason for part in parts][-1]


def by_openai(url):
    client = openai.OpenAI(base_url=url, api_key="x")
    return last(client.chat.completions.create(model="m", messages=ASKED, stream=True))


def by_langchain(url):
    parts = list(ChatOpenAI(base_url=url, api_key="x", model="m").stream("x"))
    return sum(parts[1:], parts[0]).response_metadata.get("finish_reason")


def by_haystack(url):
    generator = OpenAIChatGenerator(api_key=Secret.from_token("x"), model="m", api_base_url=url,
                                    streaming_callback=lambda part: None)
    return generator.run([ChatMessage.from_user("x")])["replies"][0].meta.get("finish_reason")


def by_litellm(url):
    return last(litellm.completion(model="openai/m", api_base=url, api_key="x", messages=ASKED,
                                   stream=True))


def by_pydantic_ai(url):
    async def run():
        provider = OpenAIProvider(base_url=url, api_key="x")
        async with Agent(OpenAIChatModel("m", provider=provider)).run_stream("x") as result:
            async for _ in result.stream_text():
                pass
            return f"{result.response.finish_reason}, {result.response.state}"
    return asyncio.run(run())


ways = {
    "openai": by_openai,
    "langchain": by_langchain,
    "haystack": by_haystack,
    "litellm": by_litellm,
    "pydantic-ai": by_pydantic_ai,
}
for name, way in ways.items():
    seen = [way(f"{sys.argv[1]}/{kind}/v1") or "none" for kind in ("whole", "part")]
    print(f"{name}: {'; '.join(seen)}", flush=True)
END
cat >proxy.py <<'END'
import json
import sys
import time
import urllib.error
import urllib.request

url, key = sys.argv[1:]


def ask(model):
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    fields = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), fields)
    lines = urllib.request.urlopen(request).read().decode().split("\n")
    events = [line.removeprefix("data: ") for line in lines if line]
    reason = json.loads(events[-2])["choices"][0].get("finish_reason")
    return f"{reason}, {events[-1]}"


for _ in range(240):
    try:
        urllib.request.urlopen(url.replace("/v1/chat/completions", "/health/liveliness"))
        break
    except urllib.error.URLError:
        time.sleep(0.5)
print(f"litellm's proxy: {ask('whole')}; {ask('part')}")
END
cat >main.mjs <<'END'
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { streamText } from "ai";
import OpenAI from "openai";

const asked = { model: "m", messages: [{ role: "user", content: "x" }] };
const client = (baseURL) => new OpenAI({ baseURL, apiKey: "x" });

const ways = {
    async openai(url) {
        let reason;
        for await (const part of await client(url).chat.completions.create({ ...asked, stream: true })) {
            reason = part.choices[0].finish_reason;
        }
        return reason;
    },
    async "openai stream()"(url) {
        const whole = await client(url).chat.completions.stream(asked).finalChatCompletion();
        return whole.choices[0].finish_reason;
    },
    async langchain(url) {
        let whole;
        const model = new ChatOpenAI({ model: "m", apiKey: "x", configuration: { baseURL: url } });
        for await (const part of await model.stream("x")) whole = whole ? whole.concat(part) : part;
        return whole.response_metadata.finish_reason;
    },
    async ai(url) {
        const model = createOpenAICompatible({ name: "x", baseURL: url })("m");
        const result = streamText({ model, prompt: "x", onError() {} });
        for await (const _ of result.textStream);
        return result.finishReason;
    },
};
for (const [name, way] of Object.entries(ways)) {
    const seen = [];
    for (const kind of ["whole", "part"]) {
        seen.push((await way(`${process.argv[2]}/${kind}/v1`).catch(() => "an error")) ?? "none");
    }
    console.log(`node ${name}: ${seen.join("; ")}`);
}
END
cat >expected <<'END'
openai: length; none
langchain: length; none
haystack: length; none
litellm: length; stop
pydantic-ai: length, complete; stop, complete
litellm's proxy: length, [DONE]; stop, [DONE]
node openai: length; none
node openai stream(): length; an error
node langchain: length; none
node ai: length; error
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'litellm[proxy]==1.108.7'
python3 -m venv others
others/bin/pip install --quiet --disable-pip-version-check litellm==1.108.7 openai==3.57.0 \
    pydantic-ai-slim==2.68.0 langchain-openai==1.7.4 haystack-ai==3.4.1
npm install --no-audit --no-fund --silent openai@6.49.0 @langchain/openai@1.5.8 ai@6.0.326 \
    @ai-sdk/openai-compatible@2.0.92

# Neither fetches a list of prices, nor counts this as a use of it.
export LITELLM_LOCAL_MODEL_COST_MAP=True HAYSTACK_TELEMETRY_ENABLED=False
mkfifo port
python3 server.py >port &
pids=$!
read -r number <port
url=http://127.0.0.1:$number
key=sk-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
cat >config.yaml <<END
model_list:
  - model_name: whole
    litellm_params: {model: openai/m, api_base: "$url/whole/v1", api_key: x}
  - model_name: part
    litellm_params: {model: openai/m, api_base: "$url/part/v1", api_key: x}
general_settings: {master_key: "$key"}
END
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/litellm --config config.yaml --host 127.0.0.1 --port "$port" >log 2>&1 &
pids="$pids $!"
{
    others/bin/python main.py "$url" 2>errors
    python3 proxy.py "http://127.0.0.1:$port/v1/chat/completions" "$key"
    node main.mjs "$url"
} | tee seen
diff expected seen
