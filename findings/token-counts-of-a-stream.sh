#!/bin/sh
# langchain-anthropic 1.7.10, langchain-openai 1.7.4, pydantic-ai-slim 2.68.0, smolagents 1.26.0,
# litellm 1.108.7; beside them openai-agents 0.24.0, anthropic 2.14.0 (PyPI); @langchain/anthropic
# 1.5.11; beside it @langchain/openai 1.5.8, ai 6.0.326 with @ai-sdk/openai-compatible 2.0.92 and
# @ai-sdk/anthropic 3.0.140 (npm); Node.js 20.20.2
#
# How many tokens a streamed answer has cost, as limits and bills are reckoned from. What a server
# says of it in mid-answer is of all so far, and not of the last part: in Anthropic's API
# (Streaming messages) "the token counts shown in the usage field of the message_delta event are
# cumulative", where message_start has those of the beginning; in OpenAI's the last chunk
# counts the entire request, and servers like it give the same field in each chunk (vLLM:
# continuous_usage_stats), or in the one with finish_reason and once more behind it. Who adds
# them up has several times the tokens: so Pydantic AI, smolagents and LangChain in Python,
# whose own for JavaScript does not. With Anthropic's it is the other way round: LangChain for
# JavaScript adds message_start's one token, and in Python it looks at message_delta alone, where
# the count of the question may be left out, and has a question of no tokens. litellm
# keeps the first of two message_delta, and where a server says nothing it counts by itself,
# in tokens of another model, and nothing tells that from the server's own.
# Pydantic AI has a setting for servers of this kind, openai_continuous_usage_stats, off as
# shipped. A server says its counts once, at the end.
#
# Seen on 1 December 2026, tokens of question and answer: of OpenAI's API 10 and 2, said at the
# end, in each chunk, twice, and not at all; of Anthropic's 10 and 5, as in its documentation,
# with the question's in message_delta as well, and with two message_delta (3, then 5):
#   python, langchain: end 10 2, each 50 7, twice 20 4, none -; as documented 0 5, both 10 5, two 0 8
#   python, pydantic-ai: end 10 2, each 50 7, twice 20 4, none 0 0; as documented 10 5, both 10 5, two 10 5
#   python, smolagents: end 10 2, each 50 7, twice 20 4, none 0 0
#   python, litellm: end 10 2, each 10 2, twice 10 2, none 8 1; as documented 10 5, both 10 5, two 10 3
#   python, openai-agents: end 10 2, each 10 2, twice 10 2, none -
#   python, anthropic: as documented 10 5, both 10 5, two 10 5
#   node, langchain: end 10 2, each 10 2, twice 10 2, none -; as documented 10 6, both 10 6, two 10 9
#   node, ai: end 10 2, each 10 2, twice 10 2, none -; as documented 10 5, both 10 5, two 10 5
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still so, else
# with 1.
set -eu
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

cat >server.py <<'END'
import http.server
import json

head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "x"}


def chunk(text, answered=None):
    delta, finish = ({"role": "assistant", "content": text}, None) if text else ({}, "stop")
    return with_count({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]},
                      answered)


def with_count(made, answered):
    if answered is None:
        return made
    return {**made, "usage": {"prompt_tokens": 10, "completion_tokens": answered,
                              "total_tokens": 10 + answered}}


last = with_count({**head, "choices": []}, 2)
of_openai = {
    "end": [chunk("a"), chunk("b"), chunk(""), last],
    "each": [chunk("The", 0), chunk("a", 1), chunk("b", 2), chunk("", 2), last],
    "twice": [chunk("a"), chunk("b"), chunk("", 2), last],
    "none": [chunk("a"), chunk("b"), chunk("")],
}


def message(*counts):
    yield {"type": "message_start", "message": {
        "id": "x", "type": "message", "role": "assistant", "model": "x", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1}}}
    yield {"type": "content_block_start", "index": 0,
           "content_block": {"type": "text", "text": ""}}
    for text in "ab":
        yield {"type": "content_block_delta", "index": 0,
               "delta": {"type": "text_delta", "text": text}}
    yield {"type": "content_block_stop", "index": 0}
    for count in counts:
        yield {"type": "message_delta", "usage": count,
               "delta": {"stop_reason": "end_turn", "stop_sequence": None}}
    yield {"type": "message_stop"}


of_anthropic = {
    "as-documented": [*message({"output_tokens": 5})],
    "both": [*message({"input_tokens": 10, "output_tokens": 5})],
    "two": [*message({"output_tokens": 3}, {"output_tokens": 5})],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        while not length and (size := int(self.rfile.readline(), 16)):
            self.rfile.read(size + 2)
        if not length:
            self.rfile.readline()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        answer = self.path.split("/")[1]
        for part in of_anthropic.get(answer, ()):
            self.send(f"event: {part['type']}\ndata: {json.dumps(part)}\n\n")
        for part in of_openai.get(answer, ()):
            self.send(f"data: {json.dumps(part)}\n\n")
        if answer in of_openai:
            self.send("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def send(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END

mkdir python node
cat >python/client.py <<'END'
import asyncio
import logging
import sys
import warnings

import agents
import anthropic
import litellm
import openai
import smolagents
from agents.models.interface import ModelTracing
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

base = sys.argv[1]
warnings.simplefilter("ignore")
logging.disable()
litellm.suppress_debug_info = True
asked = [{"role": "user", "content": "x"}]


def of_langchain(model):
    whole = None
    for part in model.stream("x"):
        whole = part if whole is None else whole + part
    counts = whole.usage_metadata
    return counts and (counts["input_tokens"], counts["output_tokens"])


def of_pydantic(model):
    async def ask():
        async with model_request_stream(model, [ModelRequest.user_text_prompt("x")]) as parts:
            async for _ in parts:
                pass
            return parts.get().usage
    counts = asyncio.run(ask())
    return counts.input_tokens, counts.output_tokens


def of_smolagents(url):
    model = smolagents.OpenAIServerModel("x", api_base=url, api_key="x")
    parts = model.generate_stream([smolagents.ChatMessage(role="user", content="x")])
    counts = smolagents.models.agglomerate_stream_deltas(list(parts)).token_usage
    return counts.input_tokens, counts.output_tokens


def of_litellm(model, url):
    parts = litellm.completion(model=model, api_base=url, api_key="x", messages=asked, stream=True,
                               stream_options={"include_usage": True})
    counts = litellm.stream_chunk_builder(list(parts)).usage
    return counts.prompt_tokens, counts.completion_tokens


def of_agents(url):
    async def ask():
        client = openai.AsyncOpenAI(base_url=url, api_key="x")
        model = agents.OpenAIChatCompletionsModel("x", client)
        settings = agents.ModelSettings(include_usage=True)
        async for event in model.stream_response(
                None, "x", settings, [], None, [], ModelTracing.DISABLED,
                previous_response_id=None, conversation_id=None, prompt=None):
            if event.type == "response.completed":
                return event.response.usage
    counts = asyncio.run(ask())
    return counts and (counts.input_tokens, counts.output_tokens)


def of_sdk(url):
    client = anthropic.Anthropic(base_url=url, api_key="x")
    with client.messages.stream(model="x", max_tokens=9, messages=asked) as parts:
        counts = parts.get_final_message().usage
    return counts.input_tokens, counts.output_tokens


def row(answers, ask):
    cells = []
    for answer in answers if ask else ():
        counts = ask(f"{base}/{answer}")
        counts = "-" if counts is None else "%d %d" % counts
        cells.append(answer.replace("-", " ") + " " + counts)
    return ", ".join(cells)


for name, openai_too, anthropic_too in (
        ("langchain",
         lambda url: of_langchain(ChatOpenAI(base_url=url + "/v1", api_key="x", model="x",
                                             stream_usage=True)),
         lambda url: of_langchain(ChatAnthropic(base_url=url, api_key="x", model="x",
                                                max_tokens=9))),
        ("pydantic-ai",
         lambda url: of_pydantic(OpenAIChatModel("x", provider=OpenAIProvider(
             base_url=url + "/v1", api_key="x"))),
         lambda url: of_pydantic(AnthropicModel("x", provider=AnthropicProvider(
             base_url=url, api_key="x")))),
        ("smolagents", lambda url: of_smolagents(url + "/v1"), None),
        ("litellm", lambda url: of_litellm("openai/x", url + "/v1"),
         lambda url: of_litellm("anthropic/x", url)),
        ("openai-agents", lambda url: of_agents(url + "/v1"), None),
        ("anthropic", None, of_sdk)):
    rows = (row(("end", "each", "twice", "none"), openai_too),
            row(("as-documented", "both", "two"), anthropic_too))
    print(f"python, {name}: {'; '.join(filter(None, rows))}", flush=True)
END
cat >node/client.mjs <<'END'
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatAnthropic } from "@langchain/anthropic";
import { ChatOpenAI } from "@langchain/openai";
import { streamText } from "ai";

const base = process.argv[2];
const apiKey = "x";
const model = "x";

async function ofLangchain(chat) {
    let whole;
    for await (const part of await chat.stream("x")) whole = whole ? whole.concat(part) : part;
    const counts = whole.usage_metadata;
    return counts && [counts.input_tokens, counts.output_tokens];
}

async function ofAi(model) {
    const counts = await streamText({ model, prompt: "x" }).usage;
    return counts.inputTokens === undefined ? undefined : [counts.inputTokens, counts.outputTokens];
}

async function row(answers, ask) {
    const cells = [];
    for (const answer of answers) {
        const counts = await ask(`${base}/${answer}`);
        cells.push(answer.replace("-", " ") + " " + (counts ? counts.join(" ") : "-"));
    }
    return cells.join(", ");
}

async function report(name, ofOpenai, ofAnthropic) {
    const openai = await row(["end", "each", "twice", "none"], ofOpenai);
    const anthropic = await row(["as-documented", "both", "two"], ofAnthropic);
    console.log(`node, ${name}: ${openai}; ${anthropic}`);
}

await report("langchain",
    (url) => ofLangchain(new ChatOpenAI({
        configuration: { baseURL: url + "/v1" }, apiKey, model, streamUsage: true })),
    (url) => ofLangchain(new ChatAnthropic({ anthropicApiUrl: url, apiKey, model, maxTokens: 9 })));
await report("ai",
    (url) => ofAi(createOpenAICompatible({
        name: "x", baseURL: url + "/v1", includeUsage: true })(model)),
    (url) => ofAi(createAnthropic({ baseURL: url + "/v1", apiKey })(model)));
process.exit();
END
cat >expected <<'END'
python, langchain: end 10 2, each 50 7, twice 20 4, none -; as documented 0 5, both 10 5, two 0 8
python, pydantic-ai: end 10 2, each 50 7, twice 20 4, none 0 0; as documented 10 5, both 10 5, two 10 5
python, smolagents: end 10 2, each 50 7, twice 20 4, none 0 0
python, litellm: end 10 2, each 10 2, twice 10 2, none 8 1; as documented 10 5, both 10 5, two 10 3
python, openai-agents: end 10 2, each 10 2, twice 10 2, none -
python, anthropic: as documented 10 5, both 10 5, two 10 5
node, langchain: end 10 2, each 10 2, twice 10 2, none -; as documented 10 6, both 10 6, two 10 9
node, ai: end 10 2, each 10 2, twice 10 2, none -; as documented 10 5, both 10 5, two 10 5
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0 \
    litellm==1.108.7 langchain-openai==1.7.4 langchain-anthropic==1.7.10 \
    'pydantic-ai-slim[openai,anthropic]==2.68.0' smolagents==1.26.0 openai-agents==0.24.0
(cd node && npm install --no-audit --no-fund --silent ai@6.0.326 @ai-sdk/openai-compatible@2.0.92 \
    @ai-sdk/anthropic@3.0.140 @langchain/openai@1.5.8 @langchain/anthropic@1.5.11 \
    @langchain/core@1.4.0)

mkfifo port
python3 server.py >port &
server=$!
read -r number <port
url=http://127.0.0.1:$number
{
    LITELLM_LOCAL_MODEL_COST_MAP=True OPENAI_AGENTS_DISABLE_TRACING=1 \
        venv/bin/python python/client.py "$url" 2>/dev/null | grep '^python, '
    node node/client.mjs "$url" 2>/dev/null | grep '^node, '
} | tee seen
diff expected seen
