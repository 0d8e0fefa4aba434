// What a page can do through the tunnel: fetch, EventSource and, with the query
// "?upgrade", WebSocket; with "?HOST:PORT" of a proxy without an upstream, what it
// may read of the errors there. Each result goes to /report as a line "EVENT JSON".
const report = (event, details = null) =>
  fetch("/report", { method: "POST", body: `${event} ${JSON.stringify(details)}` });
const open = (gate) => fetch(`/open/${gate}`, { method: "POST" });
const next = (target, event) =>
  new Promise((resolve, reject) => {
    target.addEventListener(event, resolve, { once: true });
    if (event !== "error") target.addEventListener("error", () => reject(new Error(event)));
  });

function assertEqual(seen, wanted) {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${a}, not ${b}`);
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const steps = {
  async stream() {
    const reader = (await fetch("/gated/fetch")).body.getReader();
    const decoder = new TextDecoder();
    assertEqual(decoder.decode((await reader.read()).value), "first\n");
    await open("fetch");
    let rest = "";
    for (let part; !(part = await reader.read()).done; ) rest += decoder.decode(part.value);
    assertEqual(rest, "second\n");
  },

  async abort() {
    const controller = new AbortController();
    const response = await fetch("/gated/never", { signal: controller.signal });
    const reader = response.body.getReader();
    await reader.read();
    controller.abort();
    const error = await reader.read().catch((error) => error);
    assertEqual(error.name, "AbortError");
  },

  async upload() {
    const body = new Uint8Array(await (await fetch("/pattern/5000000")).arrayBuffer());
    const answer = await fetch("/digest", { method: "POST", body: new Blob([body]) });
    assertEqual(await answer.json(), { bytes: 5000000, sha256: await sha256(body) });
  },

  async redirects() {
    const answer = await fetch("/redirect", { method: "POST" });
    assertEqual([answer.url, answer.redirected], [`${location.origin}/pattern/10`, true]);
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.src = "/refresh";
    // Of another origin its location could not be read.
    do await next(frame, "load");
    while (frame.contentWindow.location.pathname !== "/api/tags");
  },

  async many() {
    const sizes = Array.from({ length: 50 }, (_, i) => 1000 * i);
    const got = await Promise.all(
      sizes.map(async (size) => (await (await fetch(`/pattern/${size}`)).arrayBuffer()).byteLength),
    );
    assertEqual(got, sizes);
  },

  async events() {
    const source = new EventSource("/events/page");
    const first = await next(source, "message");
    assertEqual([first.lastEventId, first.data], ["1", "first"]);
    const [second, last] = [
      new Promise((resolve) => source.addEventListener("message", resolve, { once: true })),
      new Promise((resolve) => source.addEventListener("last", resolve, { once: true })),
    ];
    await open("page");
    assertEqual((await second).data, "second\nof two lines: é€");
    assertEqual((await last).data, "after 2"); // of the request that it makes by itself
    source.close();
  },
};

async function webSocket(ask) {
  const socket = new WebSocket(`ws://${location.host}/ws`, "echo");
  socket.binaryType = "arraybuffer";
  assertEqual((await next(socket, "message")).data, "welcome");
  assertEqual(socket.protocol, "echo");
  const sent = new Uint8Array(await (await fetch(`/pattern/${1 << 20}`)).arrayBuffer());
  socket.send(sent);
  const { data } = await next(socket, "message");
  assertEqual(await sha256(data), await sha256(sent));
  ask(socket);
  const { code, reason, wasClean } = await next(socket, "close");
  return [code, reason, wasClean];
}

const upgrades = {
  async clientCloses() {
    const seen = await webSocket((socket) => socket.close(4002, "by the page"));
    assertEqual(seen, [4002, "by the page", true]);
  },
  async serverCloses() {
    assertEqual(await webSocket((socket) => socket.send("close 4003")), [4003, "as asked", true]);
  },
};

async function otherOrigin(init) {
  const answer = await fetch(`http://${location.search.slice(1)}/v1/models`, init);
  assertEqual([answer.status, answer.headers.get("Proxy-Status")?.split(";")[0]], [502, "tunnel"]);
  assertEqual((await answer.json()).error.code, "upstream_refused");
}

const errors = {
  simple: () => otherOrigin(),
  preflighted: () =>
    otherOrigin({ method: "PUT", headers: { Authorization: "Bearer mine", "X-Own": "1" } }),
  withCookies: () => otherOrigin({ method: "DELETE", credentials: "include" }),
};

const chosen = { "": steps, "?upgrade": upgrades }[location.search] ?? errors;
for (const [name, step] of Object.entries(chosen)) {
  try {
    await step();
    await report("page-ok", name);
  } catch (error) {
    await report("page-failed", `${name}: ${error}`);
  }
}
await report("page-done");
