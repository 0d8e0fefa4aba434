// An HTTP server with what the clients here ask for: Server-Sent Events, the
// API of Ollama, WebSocket (ws), Socket.IO and the page for the browser. It
// prints "listening URL" and then what happens, as lines "EVENT JSON".
//
// POST /open/NAME opens the gate of that name. A client that has received what
// stands before a gate opens it, so that nobody gets further through a tunnel
// that holds back what it has.
import { readFileSync } from "node:fs";
import http from "node:http";
import { Server as SocketServer } from "socket.io";
import { WebSocketServer } from "ws";
import { digest, pattern, MESSAGE, say } from "./common.mjs";

const gates = new Map();

function gate(name) {
  if (!gates.has(name)) {
    const one = {};
    one.opened = new Promise((resolve) => (one.open = resolve));
    gates.set(name, one);
  }
  return gates.get(name);
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

const sendJson = (response, value) =>
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));

// Server-Sent Events: one, a gate, another, and the end; or the last one, when
// the client comes back with what it has seen.
async function sendEvents(request, response, name) {
  const seen = request.headers["last-event-id"];
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  if (seen) {
    response.write(`id: 3\nevent: last\ndata: after ${seen}\n\n`);
    return; // it stays open until the client closes it
  }
  response.write("retry: 10\n\nid: 1\ndata: first\n\n");
  await gate(name).opened;
  response.end("id: 2\ndata: second\ndata: of two lines: é€\n\n");
}

// Ollama: /api/chat answers with objects, one a line.
const WORDS = ["A", " tunnel", " streams", "."];

async function chat(request, response) {
  const { model, messages, stream } = JSON.parse(await bodyOf(request));
  const images = (messages.at(-1).images ?? []).map((text) => digest(Buffer.from(text, "base64")));
  const line = (content, done) => JSON.stringify({ model, message: { content }, done });
  if (stream === false) {
    response.end(line(images.join(" ") || WORDS.join(""), true));
    return;
  }
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  for (const [i, word] of WORDS.entries()) {
    if (i === 1) await gate(model).opened;
    response.write(line(word, false) + "\n");
  }
  response.end(line("", true) + "\n");
}

async function gated(request, response, name) {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.write("first\n");
  await gate(name).opened;
  response.end("second\n");
}

// By another of its names than the one that the tunnel uses.
const own = (path) => `http://localhost:${server.address().port}${path}`;

const FILES = { "/page.html": "text/html", "/page.mjs": "text/javascript" };

const routes = {
  open: (request, response, name) => (gate(name).open(), response.writeHead(204).end()),
  report: async (request, response) => (console.log(String(await bodyOf(request))), response.end()),
  events: sendEvents,
  gated,
  redirect: (request, response) =>
    response.writeHead(307, { Location: own("/pattern/10") }).end(),
  refresh: (request, response) =>
    response.writeHead(200, { Refresh: `0; url=${own("/api/tags")}` }).end(),
  digest: async (request, response) => {
    const body = await bodyOf(request);
    sendJson(response, { bytes: body.length, sha256: digest(body) });
  },
  pattern: (request, response, size) => response.end(pattern(Number(size))),
  api: (request, response, name) =>
    name === "chat" ? chat(request, response) : sendJson(response, { models: [{ name: "mock" }] }),
};

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://server");
  const [, first, rest] = pathname.split("/");
  response.on("close", () => response.writableFinished || say("closed", pathname));
  if (FILES[pathname]) {
    response.setHeader("Content-Type", FILES[pathname]);
    response.end(readFileSync(new URL("." + pathname, import.meta.url)));
  } else if (Object.hasOwn(routes, first)) {
    routes[first](request, response, rest);
  } else {
    response.writeHead(404).end();
  }
});

// WebSocket: /ws answers each message with itself. The text "close CODE" makes
// this side close.
const webSockets = new WebSocketServer({
  noServer: true,
  maxPayload: 2 * MESSAGE,
  handleProtocols: (offered) => (offered.has("echo") ? "echo" : false),
  perMessageDeflate: { threshold: 1024 },
});
server.on("upgrade", (request, socket, head) => {
  const { pathname } = new URL(request.url, "http://server");
  if (pathname.startsWith("/socket.io/")) return; // its own
  if (pathname !== "/ws") {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
    return;
  }
  webSockets.handleUpgrade(request, socket, head, (ws) => {
    ws.send("welcome"); // with the 101, before the client has said anything
    ws.on("message", (data, isBinary) => {
      const [command, code] = isBinary ? [] : String(data).split(" ");
      if (command === "close") ws.close(Number(code), "as asked");
      else if (command === "terminate") ws.terminate();
      else ws.send(data, { binary: isBinary });
    });
    ws.on("close", (code, reason) => say("ws-closed", [code, String(reason)]));
  });
});

// Socket.IO: "echo" is acknowledged with its digest and comes back; "leave"
// makes this side disconnect.
const io = new SocketServer(server, {
  maxHttpBufferSize: 2 * MESSAGE,
  destroyUpgrade: false,
  upgradeTimeout: 60000, // these are not what is tested here
  pingTimeout: 60000,
});
io.on("connection", (socket) => {
  socket.on("echo", (bytes, acknowledge) => {
    acknowledge(digest(bytes));
    socket.emit("echo", bytes);
  });
  socket.on("leave", () => socket.disconnect(true));
  socket.on("disconnect", (reason) =>
    say("io-disconnected", [socket.conn.transport.name, reason]),
  );
});

server.listen(0, "127.0.0.1", () =>
  console.log("listening", `http://127.0.0.1:${server.address().port}`),
);
