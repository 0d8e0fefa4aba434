// The consumer's side of the wire contract (docs/PROTOCOL.md), over any data
// channel, in a browser or in Node. It is written from the contract alone, so
// that it finds out where our programs differ from it.
export const Frame = {
  HELLO: 1, AGREE: 2, PING: 3, PONG: 4,
  REQ_HEADERS: 10, REQ_BODY: 11, REQ_END: 12,
  RES_HEADERS: 20, RES_BODY: 21, RES_END: 22,
  ERROR: 99,
};
export const CHUNK = 65536 - 128;
const HEADER = 5; // type, stream id
const SEND_HIGH = 256 << 10;
const text = new TextEncoder();
const untext = new TextDecoder();

export function encode(type, streamId, payload = new Uint8Array(0)) {
  const bytes = typeof payload === "string" ? text.encode(payload) : payload;
  const frame = new Uint8Array(HEADER + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, type);
  view.setUint32(1, streamId);
  frame.set(bytes, HEADER);
  return frame;
}

export function decode(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length > 65536) throw new Error(`a frame of ${frame.length} bytes`);
  return { type: view.getUint8(0), streamId: view.getUint32(1), payload: frame.subarray(HEADER) };
}

// A promise and an async queue, in the plainest form.
class Queue {
  items = [];
  waiting = null;
  put(item) {
    this.items.push(item);
    this.waiting?.();
    this.waiting = null;
  }
  async take() {
    while (this.items.length === 0) await new Promise((resolve) => (this.waiting = resolve));
    return this.items.shift();
  }
}

export class Consumer {
  // channel: { send(Uint8Array), queued(): bytes, drained(): Promise }
  constructor(channel) {
    this.channel = channel;
    this.streams = new Map();
    this.nextId = 1;
    this.control = new Queue();
  }

  receive(bytes) {
    const { type, streamId, payload } = decode(bytes);
    if (type === Frame.PING) this.channel.send(encode(Frame.PONG, 0));
    else if (streamId === 0) this.control.put({ type, payload });
    else this.streams.get(streamId)?.put({ type, payload });
  }

  async hello() {
    const hello = { proto: "httptunnel", min_version: 1, max_version: 1, features: ["sse"] };
    this.channel.send(encode(Frame.HELLO, 0, JSON.stringify(hello)));
    for (;;) {
      const { type, payload } = await this.control.take();
      if (type === Frame.AGREE) return JSON.parse(untext.decode(payload));
    }
  }

  // { status, headers, body } where body yields chunks as they come.
  async request(method, path, headers = {}, body = null) {
    const id = this.nextId++;
    const queue = new Queue();
    this.streams.set(id, queue);
    const head = { stream_id: id, method, path, headers };
    this.channel.send(encode(Frame.REQ_HEADERS, id, JSON.stringify(head)));
    const sending = this.sendBody(id, body);
    const first = await queue.take();
    if (first.type === Frame.ERROR) throw new Error(untext.decode(first.payload));
    if (first.type !== Frame.RES_HEADERS) throw new Error(`frame ${first.type} before a head`);
    const { status, headers: fields, stream_id } = JSON.parse(untext.decode(first.payload));
    if (stream_id !== id) throw new Error(`head of stream ${stream_id} on stream ${id}`);
    return { status, headers: fields, body: this.responseBody(id, queue, sending) };
  }

  async sendBody(id, body) {
    for (let at = 0; body && at < body.length; at += CHUNK) {
      if (this.channel.queued() > SEND_HIGH) await this.channel.drained();
      this.channel.send(encode(Frame.REQ_BODY, id, body.subarray(at, at + CHUNK)));
    }
    this.channel.send(encode(Frame.REQ_END, id));
  }

  async *responseBody(id, queue, sending) {
    for (;;) {
      const { type, payload } = await queue.take();
      if (type === Frame.RES_END) break;
      if (type !== Frame.RES_BODY) throw new Error(`${type}: ${untext.decode(payload)}`);
      yield payload;
    }
    this.streams.delete(id);
    await sending;
  }
}

async function collect(body) {
  const chunks = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function sha256(bytes) {
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}

// A deterministic body that no shift or swap leaves alike.
function pseudoRandom(size) {
  const bytes = new Uint8Array(size);
  let x = 2463534242;
  for (let i = 0; i < size; i++) {
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
    bytes[i] = x;
  }
  return bytes;
}

// What every consumer shows. report(event, details) may be asynchronous: the
// one who listens opens the gate after "stream-first".
export async function scenario(consumer, gate, echoBytes, report) {
  await report("agreed", await consumer.hello());

  const get = await consumer.request("GET", "/v1/models", { accept: "application/json" });
  const models = untext.decode(await collect(get.body));
  await report("get", { status: get.status, headers: get.headers, body: models });

  const completion = JSON.stringify({ model: `gated:${gate}`, stream: true });
  const json = { "content-type": "application/json" };
  const chat = await consumer.request("POST", "/v1/chat/completions", json, text.encode(completion));
  let streamed = "";
  for await (const chunk of chat.body) {
    if (streamed === "") await report("stream-first", { status: chat.status });
    streamed += untext.decode(chunk);
  }
  await report("stream", { headers: chat.headers, body: streamed });

  const body = pseudoRandom(echoBytes);
  const octets = { "content-type": "application/octet-stream", "content-length": `${body.length}` };
  const echo = await consumer.request("POST", "/echo", octets, body);
  const back = await collect(echo.body);
  const digests = { sent: await sha256(body), received: await sha256(back) };
  await report("echo", { status: echo.status, bytes: back.length, ...digests });
}

// Signalling, alike for both kinds of JavaScript peer. connection: a
// W3C-shaped RTCPeerConnection; onChannel is called with its data channel.
// restart() of what it returns restarts ICE, and is done when the other side
// has answered and a pair of the new candidates works.
export function meet(socket, room, connection, report, onChannel) {
  const say = (message) => socket.send(JSON.stringify(message));
  const early = []; // candidates that came before the description
  let isRestarting = false;
  const takeRemote = async (type, sdp) => {
    await connection.setRemoteDescription({ type, sdp });
    for (const candidate of early.splice(0)) await addCandidate(candidate);
  };
  const addCandidate = async (candidate) => {
    if (!connection.remoteDescription) early.push(candidate);
    else await connection.addIceCandidate(candidate).catch((e) => report("bad-candidate", `${e}`));
  };
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) say({ type: "candidate", candidate: JSON.stringify(candidate) });
  };
  connection.ondatachannel = ({ channel }) => onChannel(channel);
  socket.onopen = () => say({ type: "join", room });
  // One after the other: a candidate must not overtake its description.
  let last = Promise.resolve();
  socket.onmessage = ({ data }) => {
    last = last.then(() => onMessage(JSON.parse(data))).catch((e) => report("failed", `${e.stack}`));
  };
  const onMessage = async (message) => {
    if (message.type === "joined") {
      await report("joined", message.peers.length);
    } else if (message.type === "peer-joined") {
      onChannel(connection.createDataChannel("tunnel"));
      await connection.setLocalDescription(await connection.createOffer());
      say({ type: "offer", sdp: connection.localDescription.sdp });
    } else if (message.type === "offer") {
      await takeRemote("offer", message.sdp);
      await connection.setLocalDescription(await connection.createAnswer());
      say({ type: "answer", sdp: connection.localDescription.sdp });
    } else if (message.type === "answer") {
      // Signalling may be far away: then the first checks come before this.
      if (isRestarting) await new Promise((resolve) => setTimeout(resolve, 300));
      await takeRemote("answer", message.sdp);
    } else if (message.type === "candidate") {
      const candidate = JSON.parse(message.candidate);
      if (candidate?.candidate) await addCandidate(candidate);
    } else {
      await report("signal", message);
    }
  };
  const restart = async () => {
    isRestarting = true;
    const ufrag = () => /a=ice-ufrag:(\S+)/.exec(connection.remoteDescription.sdp)[1];
    const before = ufrag();
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    say({ type: "offer", sdp: connection.localDescription.sdp });
    const transport = connection.sctp.transport.iceTransport;
    while (ufrag() === before || transport.getSelectedCandidatePair().remote.usernameFragment !== ufrag())
      await new Promise((resolve) => setTimeout(resolve, 20));
    await report("restarted", { before, after: ufrag() });
  };
  return { restart };
}

// Runs the scenario over a W3C-shaped data channel, closes that and reports
// "closed", or "failed" and why. socket: that of meet().
export async function runOver(channel, gate, echoBytes, report, socket) {
  try {
    await runToEnd(channel, gate, echoBytes, report);
    socket.onmessage = null; // our side is done: `serve` may offer again
    channel.close(); // a stream reset; then the test ends us
    await report("closed");
  } catch (error) {
    await report("failed", `${error.stack}`);
  }
}

async function runToEnd(channel, gate, echoBytes, report) {
  channel.binaryType = "arraybuffer";
  channel.bufferedAmountLowThreshold = SEND_HIGH / 4;
  const consumer = new Consumer({
    send: (bytes) => channel.send(bytes),
    queued: () => channel.bufferedAmount,
    drained: () =>
      new Promise((done) => channel.addEventListener("bufferedamountlow", done, { once: true })),
  });
  channel.onmessage = ({ data }) => consumer.receive(new Uint8Array(data));
  if (channel.readyState !== "open") await new Promise((resolve) => (channel.onopen = resolve));
  await report("open", channel.label);
  await scenario(consumer, gate, echoBytes, report);
}
