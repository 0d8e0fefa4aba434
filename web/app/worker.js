// The service worker: gives requests of the frame to the page that holds the
// tunnel, and leaves those of the page itself to the network. Which is which does
// not show in the path: by that the app could not have an index.html of its own.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** The page that holds the tunnel, by its client's id. */
let holder = "";

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", ({ source }) => {
    if (source instanceof Client) holder = source.id;
});

/** Sleeping, a worker forgets: any page of ours at the top holds it. */
async function findHolder() {
    const known = holder ? await worker.clients.get(holder) : undefined;
    if (known) return known;
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    return pages.find(
        (page) =>
            page.frameType === "top-level" &&
            new URL(page.url).pathname === new URL("./", worker.location.href).pathname,
    );
}

/** Whether the app asks, and not the page. @param {FetchEvent} event */
async function isOfApp(event) {
    const { request, clientId } = event;
    if (request.mode === "navigate") return request.destination !== "document";
    const client = clientId ? await worker.clients.get(clientId) : undefined;
    return (
        client !== undefined &&
        !(client instanceof WindowClient && client.frameType === "top-level")
    );
}

/** Runs in the frame: WebSockets of the app go through the tunnel, too. */
function shim() {
    const frame = /** @type {any} */ (globalThis);
    const Own = frame.WebSocket;
    frame.WebSocket = new Proxy(Own, {
        construct(_, [url, protocols = []]) {
            const whole = new URL(url, frame.location.href);
            const isOfTunnel = whole.host === frame.location.host;
            const Chosen = isOfTunnel ? frame.top.tunnelWebSocket : Own;
            return new Chosen(whole.href, protocols);
        },
    });
}

/** Puts the shim where a document's head begins. @param {ReadableStream<Uint8Array>} body */
function withShim(body) {
    const script = new TextEncoder().encode(`<script>(${shim})()</script>`);
    let isIn = false;
    return body.pipeThrough(
        new TransformStream({
            transform(chunk, controller) {
                if (isIn) return controller.enqueue(chunk);
                isIn = true;
                const start = new TextDecoder("latin1").decode(chunk);
                const at = /<head[^>]*>|<html[^>]*>|<!doctype[^>]*>/i.exec(start);
                const head = /<head[^>]*>/i.exec(start) ?? at;
                const cut = head ? head.index + head[0].length : 0;
                controller.enqueue(chunk.subarray(0, cut));
                controller.enqueue(script);
                controller.enqueue(chunk.subarray(cut));
            },
        }),
    );
}

/** @param {MessagePort} port @returns {ReadableStream<Uint8Array>} */
function bodyOf(port) {
    return new ReadableStream(
        {
            start(controller) {
                port.onmessage = ({ data }) => {
                    if (data === "end") controller.close();
                    else if (data instanceof Uint8Array) controller.enqueue(data);
                    else controller.error(new TypeError(data.failed));
                };
            },
            pull: () => port.postMessage("pull"),
            cancel: () => port.postMessage("cancel"),
        },
        { highWaterMark: 0 },
    );
}

/** A page of words for a frame that nobody can fill. @param {string} text */
function failure(text) {
    const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };
    return new Response(`The tunnel: ${text}\n`, { status: 502, headers });
}

/** @param {FetchEvent} event */
async function throughTunnel({ request }) {
    const page = await findHolder();
    if (!page) return failure("no page holds it; open the link again");
    const { port1: port, port2 } = new MessageChannel();
    const { url, method, redirect } = request;
    const body = ["GET", "HEAD"].includes(method) ? null : await request.arrayBuffer();
    const answered = new Promise(
        (/** @type {(data: any) => void} */ resolve) =>
            (port.onmessage = ({ data }) => resolve(data)),
    );
    request.signal.addEventListener("abort", () => port.postMessage("cancel"));
    page.postMessage({ url, method, headers: [...request.headers], body, redirect }, [
        port2,
        ...(body ? [body] : []),
    ]);
    const head = await answered;
    if (head.failed !== undefined)
        return request.mode === "navigate" ? failure(head.failed) : Response.error();
    const isHtml = head.headers.some(
        (/** @type {[string, string]} */ [name, value]) =>
            /^content-type$/i.test(name) && /^text\/html\b/i.test(value),
    );
    const content = head.isEmpty ? null : bodyOf(port);
    const shown = content && isHtml && request.mode === "navigate" ? withShim(content) : content;
    return new Response(shown, {
        status: head.status,
        statusText: head.statusText,
        headers: head.headers,
    });
}

worker.addEventListener("fetch", (event) => {
    if (new URL(event.request.url).origin !== worker.location.origin) return;
    event.respondWith(
        isOfApp(event).then((isApp) => (isApp ? throughTunnel(event) : fetch(event.request))),
    );
});
