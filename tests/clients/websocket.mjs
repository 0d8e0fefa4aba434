// usage: websocket.mjs BASE-URL
// The ws package, client and server: messages of 1 MB both ways, pings, and
// closes from either side. The listener sees the server's half in its output.
import assert from "node:assert/strict";
import WebSocket from "ws";
import { MESSAGE, once, pattern } from "./common.mjs";

const [base] = process.argv.slice(2);
const url = base.replace("http", "ws") + "/ws";

async function connect(options) {
  const ws = new WebSocket(url, "echo", options);
  const welcome = once(ws, "message"); // it may come with the head of the 101
  await once(ws, "open");
  assert.equal(ws.protocol, "echo");
  assert.equal(String(await welcome), "welcome");
  return ws;
}

async function echo(ws, data) {
  ws.send(data);
  const [answer] = await new Promise((resolve) => ws.once("message", (...all) => resolve(all)));
  assert.equal(Buffer.compare(Buffer.from(data), answer), 0);
}

const closed = (ws) =>
  new Promise((resolve) => ws.once("close", (code, reason) => resolve([code, String(reason)])));

for (const perMessageDeflate of [false, true]) {
  const ws = await connect({ perMessageDeflate });
  await echo(ws, "short");
  await echo(ws, pattern(MESSAGE));
  await echo(ws, "é€".repeat(MESSAGE / 5));
  ws.ping("are you there");
  assert.equal(String(await once(ws, "pong")), "are you there");
  const end = closed(ws);
  ws.close(4000, "by the client");
  assert.deepEqual(await end, [4000, "by the client"]);
}

// Many at once, in both directions.
const sockets = await Promise.all(Array.from({ length: 10 }, () => connect()));
await Promise.all(sockets.map((ws, i) => echo(ws, pattern(MESSAGE >> i))));

const ends = sockets.map(closed);
sockets[0].send("close 4001");
assert.deepEqual(await ends[0], [4001, "as asked"]);
sockets[1].send("terminate"); // no close frame
assert.deepEqual(await ends[1], [1006, ""]);
sockets[2].terminate();
await echo(sockets[3], "the others go on");
for (const ws of sockets) ws.close();
await Promise.all(ends);

// A refusal is an ordinary response.
const refused = new WebSocket(`${url}-no`);
const response = await new Promise((resolve, reject) => {
  refused.once("unexpected-response", (request, answer) => resolve(answer));
  refused.once("open", () => reject(new Error("the server has refused it")));
});
assert.equal(response.statusCode, 403);
assert.equal(String(await once(response, "data")), "no\n");
refused.on("error", () => {}); // of the handshake that we give up
refused.terminate();
console.log("done");
