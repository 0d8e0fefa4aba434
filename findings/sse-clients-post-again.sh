#!/bin/sh
# @microsoft/fetch-event-source 2.0.1 (npm) on Node.js 20.20.2; aiohttp-sse-client 0.2.1 with
# aiohttp 3.14.5 (PyPI); beside them openai 6.49.0 (npm)
#
# How often a server gets a POST that the application sent once, from clients of
# Server-Sent Events that take a method, as one uses them for the streamed answer of a
# model. They come back like an EventSource, and each time the POST goes out again,
# with all that it costs: fetch-event-source after a stream that broke, and, without
# an onerror of one's own that throws, after any answer that is no stream, so that a
# 401 is asked again each second for as long as the page is open. It also does so when
# a person looks at another tab and comes back: it ends the request when the page is
# hidden, and sends it anew when it is shown (openWhenHidden: true keeps it).
# aiohttp-sse-client does it the other way round, after a stream that has ended as it
# should, and not after one that broke.
# RFC 9110 section 9.2.2 has a client not repeat a POST by itself.
#
# Seen on 1 December 2026, in 5 s:
#   fetch-event-source: end once, cut again, 401 again, 503 again, hidden and shown again
#   aiohttp-sse-client: end again, cut once, 401 once, 503 once
#   openai: end once, cut once, 401 once, 503 again
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still so,
# else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import { spawn } from "node:child_process";
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fetchEventSource } from "@microsoft/fetch-event-source";
import OpenAI from "openai";

// What the library needs of a browser.
globalThis.window = globalThis;
globalThis.document = Object.assign(new EventTarget(), { hidden: false });

const chunk = {
    id: "x", object: "chat.completion.chunk", created: 1, model: "x",
    choices: [{ index: 0, delta: { content: "a" }, finish_reason: null }],
};
const counts = {};
const server = http.createServer(async (request, response) => {
    for await (const part of request);
    const [, client, way] = request.url.split("/");
    const key = `${client}/${way}`;
    counts[key] = (counts[key] ?? 0) + 1;
    if (Number(way)) {
        response.writeHead(way, { "Content-Type": "application/json" }).end('{"error": "x"}');
        return;
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(`retry: 300\ndata: ${JSON.stringify(chunk)}\n\n`);
    await pause(100);
    if (way === "end") response.end("data: [DONE]\n\n");
    if (way === "cut") response.destroy();
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}`;

async function again(client, way) {
    const key = `${client}/${way}`;
    for (let i = 0; i < 50 && !(counts[key] > 1); i++) await pause(100);
    return `${way} ${counts[key] > 1 ? "again" : "once"}`;
}

async function byFetchEventSource(way, then = () => {}) {
    const control = new AbortController();
    const options = { method: "POST", body: "{}", signal: control.signal };
    fetchEventSource(`${base}/fetch-event-source/${way}`, options).catch(() => {});
    await then();
    const word = await again("fetch-event-source", way);
    control.abort();
    return word;
}

async function hideAndShow() {
    while (!counts["fetch-event-source/shown"]) await pause(50);
    for (const hidden of [true, false]) {
        document.hidden = hidden;
        document.dispatchEvent(new Event("visibilitychange"));
        await pause(300);
    }
}

async function byAiohttp(way) {
    const child = spawn("venv/bin/python", ["main.py", `${base}/aiohttp-sse-client/${way}`]);
    while (!counts[`aiohttp-sse-client/${way}`]) await pause(50);
    const word = await again("aiohttp-sse-client", way);
    child.kill();
    return word;
}

async function byOpenai(way) {
    const client = new OpenAI({ baseURL: `${base}/openai/${way}`, apiKey: "x" });
    const asked = { model: "x", messages: [{ role: "user", content: "x" }], stream: true };
    const read = async () => {
        for await (const part of await client.chat.completions.create(asked));
    };
    read().catch(() => {});
    return again("openai", way);
}

for (const [name, by, ways] of [
    ["fetch-event-source", byFetchEventSource, ["end", "cut", "401", "503"]],
    ["aiohttp-sse-client", byAiohttp, ["end", "cut", "401", "503"]],
    ["openai", byOpenai, ["end", "cut", "401", "503"]],
]) {
    const words = [];
    for (const way of ways) words.push(await by(way));
    if (by === byFetchEventSource) words.push("hidden and " + (await by("shown", hideAndShow)));
    console.log(`${name}: ${words.join(", ")}`);
}
process.exit();
END
cat >main.py <<'END'
import asyncio
import sys

from aiohttp_sse_client.client import EventSource


async def main():
    async with EventSource(sys.argv[1], option={"method": "POST"}, data="{}") as source:
        async for _ in source:
            pass


asyncio.run(main())
END
cat >expected <<'END'
fetch-event-source: end once, cut again, 401 again, 503 again, hidden and shown again
aiohttp-sse-client: end again, cut once, 401 once, 503 once
openai: end once, cut once, 401 once, 503 again
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiohttp-sse-client==0.2.1 aiohttp==3.14.5
npm install --no-audit --no-fund --silent @microsoft/fetch-event-source@2.0.1 openai@6.49.0
node main.mjs | tee seen
diff expected seen
