// usage: socketio.mjs BASE-URL TRANSPORTS
// Socket.IO, client and server, over the transports named: messages of 1 MB
// both ways, with acknowledgements, and disconnects from either side.
import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { digest, MESSAGE, once, pattern } from "./common.mjs";

const [base, names] = process.argv.slice(2);
const transports = names.split(",");

async function connect() {
  const socket = io(base, { transports, forceNew: true, reconnection: false, timeout: 60000 });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  const { engine } = socket.io;
  if (engine.transport.name !== transports.at(-1)) await once(engine, "upgrade");
  assert.equal(engine.transport.name, transports.at(-1));
  return socket;
}

async function echo(socket, bytes) {
  const back = once(socket, "echo");
  assert.equal(await socket.timeout(60000).emitWithAck("echo", bytes), digest(bytes));
  assert.equal(Buffer.compare(Buffer.from(await back), bytes), 0);
}

const socket = await connect();
await echo(socket, pattern(100));
await echo(socket, pattern(MESSAGE));
await Promise.all([10, 1000, 100000].map((size) => connect().then(async (other) => {
  await echo(other, pattern(size));
  const gone = once(other, "disconnect");
  other.emit("leave");
  assert.equal(await gone, "io server disconnect");
})));
await echo(socket, pattern(MESSAGE));
socket.disconnect();
console.log("done");
