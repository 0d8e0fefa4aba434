#!/bin/sh
# mcp 2.3.0 (PyPI), server and client; @modelcontextprotocol/sdk 1.32.2 (npm), client
#
# Whether a tool stops when its caller has stopped waiting: by the call's time limit, by
# cancelling it (AbortSignal, Task.cancel()), or by closing the client. Over HTTP
# one expects the connection to be closed, and that to end it. Up to protocol
# 2025-11-25 the caller keeps the response open, though, and says
# notifications/cancelled in a POST of its own. A server with stateless_http=True, as
# for several processes or behind a proxy that balances, takes that with 202, and has
# nothing to apply it to: the tool runs to its end. One with sessions applies it, but when
# the client for TypeScript is closed it says nothing, and does not end the
# session, and there a closed connection means a client that may come back: it runs to
# its end, too. Protocol 2026-07-28 ends a call by its connection, always.
# So for clients of today a server without state has to look at the time itself.
#
# Seen on 1 December 2026, what becomes of the tool:
#   sessions, python: time limit ends, cancelled ends, closed ends
#   sessions, python, legacy: time limit ends, cancelled ends, closed ends
#   sessions, typescript: time limit ends, cancelled ends, closed goes on
#   stateless, python: time limit ends, cancelled ends, closed ends
#   stateless, python, legacy: time limit goes on, cancelled goes on, closed ends
#   stateless, typescript: time limit goes on, cancelled goes on, closed ends
#
# Needs python3 with venv, node 20 or later and npm. Exits with 0 if that is still
# so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# The tool runs for 8 s and writes into a file how it ended.
cat >server.py <<'END'
import asyncio
import sys

from mcp.server.mcpserver import MCPServer

server = MCPServer("x")


@server.tool()
async def wait(name: str) -> str:
    word = "ends"
    try:
        open(f"{name}.begun", "w").close()
        await asyncio.sleep(8)
        word = "goes on"
    finally:
        with open(name, "w") as file:
            file.write(word)
    return "x"


asyncio.run(
    server.run_streamable_http_async(
        host="127.0.0.1", port=int(sys.argv[1]), stateless_http=sys.argv[2] == "stateless"
    )
)
END
cat >client.py <<'END'
import asyncio
import os
import sys

from mcp import Client

url, server = sys.argv[1:]


async def run(mode, way):
    name = f"{server}-{mode}-{way}"
    async with Client(url, mode=mode) as client:
        limit = 2 if way == "limit" else 60
        call = asyncio.create_task(client.call_tool("wait", {"name": name}, limit))
        while not os.path.exists(f"{name}.begun"):
            await asyncio.sleep(0.05)
        if way == "cancelled":
            call.cancel()
        if way != "closed":
            await asyncio.wait([call])
            await asyncio.sleep(12)  # and the client stays open
    await asyncio.wait([call])
    call.cancelled() or call.exception()


async def main():
    ways = ("limit", "cancelled", "closed")
    await asyncio.gather(*(run(mode, way) for mode in ("auto", "legacy") for way in ways))


asyncio.run(main())
END
cat >client.mjs <<'END'
import fs from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [, , url, server] = process.argv;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function run(way) {
    const name = `${server}-typescript-${way}`;
    const client = new Client({ name: "x", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    const abort = new AbortController();
    const options = { timeout: way === "limit" ? 2000 : 60000, signal: abort.signal };
    const call = client.callTool({ name: "wait", arguments: { name } }, undefined, options).catch(() => {});
    while (!fs.existsSync(`${name}.begun`)) await pause(50);
    if (way === "cancelled") abort.abort();
    if (way === "closed") await client.close();
    await call;
    await pause(12000); // and the process stays there
}
await Promise.all(["limit", "cancelled", "closed"].map(run));
process.exit();
END
cat >main.py <<'END'
import os
import socket
import subprocess
import sys
import time

CLIENTS = {"auto": "python", "legacy": "python, legacy", "typescript": "typescript"}
WAYS = {"limit": "time limit", "cancelled": "cancelled", "closed": "closed"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)  # it is not up yet
    raise TimeoutError


def start(*words):
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def outcome(name):
    for _ in range(400):
        if os.path.exists(name) and os.path.getsize(name) > 0:
            with open(name) as file:
                return file.read()
        time.sleep(0.05)
    return "is not told"


for kind in ("sessions", "stateless"):
    port = free_port()
    server = start(sys.executable, "server.py", str(port), kind)
    try:
        wait_for(port)
        url = f"http://127.0.0.1:{port}/mcp"
        clients = (start(sys.executable, "client.py", url, kind), start("node", "client.mjs", url, kind))
        for client in clients:
            client.wait(120)
        for client, name in CLIENTS.items():
            words = (f"{WAYS[way]} {outcome(f'{kind}-{client}-{way}')}" for way in WAYS)
            print(f"{kind}, {name}: {', '.join(words)}")
    finally:
        server.kill()
        server.wait()
END
cat >expected <<'END'
sessions, python: time limit ends, cancelled ends, closed ends
sessions, python, legacy: time limit ends, cancelled ends, closed ends
sessions, typescript: time limit ends, cancelled ends, closed goes on
stateless, python: time limit ends, cancelled ends, closed ends
stateless, python, legacy: time limit goes on, cancelled goes on, closed ends
stateless, typescript: time limit goes on, cancelled goes on, closed ends
END

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
npm install --no-audit --no-fund --silent @modelcontextprotocol/sdk@1.32.2
venv/bin/python main.py | tee seen
diff expected seen
