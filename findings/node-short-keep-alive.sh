#!/bin/sh
# Node.js 20.20.2 and 22.23.3: fetch (undici 6.24.1, 6.28.1), http.Agent with keepAlive
#
# What a server's short "Keep-Alive: timeout=N" does to their pools. Neither takes
# N as it stands: against the race with the server's clock fetch takes two seconds
# off, http.Agent one, and a connection for which nothing is left is not kept at
# all. So with timeout=2 each fetch() dials anew, TLS and all, however fast one
# follows the other, and with timeout=1 http.Agent does so, too. A server that
# wants its connections used again says 3 at least, or nothing.
#
# Seen on 29 November 2026, whether a second request has its first's connection:
#   no Keep-Alive field: fetch kept, agent kept
#   timeout=3: fetch kept, agent kept
#   timeout=2: fetch not kept, agent kept
#   timeout=1: fetch not kept, agent not kept
#
# Needs node 20 or later. Exits with 0 if that is still so, else with 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >main.mjs <<'END'
import http from "node:http";

let field;
const ports = [];
const server = http.createServer((request, response) => {
    ports.push(request.socket.remotePort);
    if (field) response.setHeader("Keep-Alive", field);
    response.shouldKeepAlive = true;
    response.end("x");
});
server.keepAliveTimeout = 0; // it closes nothing, and says nothing by itself
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

// A client has its connection back a turn or two after a response has ended.
const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
const agent = new http.Agent({ keepAlive: true });
const clients = {
    fetch: async () => (await fetch(url)).text(),
    agent: () =>
        new Promise((resolve) => {
            http.get(url, { agent }, (response) => response.resume().on("end", resolve));
        }),
};

async function isKept(ask) {
    ports.length = 0;
    for (let i = 0; i < 4; i++) {
        await ask();
        await settle();
    }
    return ports[3] === ports[2] ? "kept" : "not kept";
}

for (field of ["", "timeout=3", "timeout=2", "timeout=1"]) {
    const words = [];
    for (const [name, ask] of Object.entries(clients)) words.push(`${name} ${await isKept(ask)}`);
    console.log(`${field || "no Keep-Alive field"}: ${words.join(", ")}`);
}
process.exit();
END
cat >expected <<'END'
no Keep-Alive field: fetch kept, agent kept
timeout=3: fetch kept, agent kept
timeout=2: fetch not kept, agent kept
timeout=1: fetch not kept, agent not kept
END

node --version
node main.mjs | tee seen
diff expected seen
