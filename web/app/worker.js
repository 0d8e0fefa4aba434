// The service worker: gives requests of the frame to the page that holds the
// tunnel, and leaves those of the page itself to the network. Which is which does
// not show in the path: by that the app could not have an index.html of its own.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** The page that holds the tunnel, by its client's id. */
let holder = "";
/** @type {Set<() => void>} */
const askers = new Set(); // who wait for it to say so
const PATIENCE = 3_000; // in ms

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", ({ source, ports }) => {
    if (source instanceof Client) holder = source.id;
    ports[0]?.postMessage("held");
    for (const tell of askers) tell();
    askers.clear();
});

/** Sleeping, a worker forgets: then all pages at the top are asked. */
async function findHolder() {
    const known = holder ? await worker.clients.get(holder) : undefined;
    if (known) return known;
    const told = new Promise((/** @type {(value: void) => void} */ resolve) => {
        askers.add(resolve);
        setTimeout(resolve, PATIENCE);
    });
    const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    for (const page of pages) if (page.frameType === "top-level") page.postMessage("who");
    await told;
    return worker.clients.get(holder);
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

/** Chunks that are asked for, or have come and not been read: a message to the page
 * and back takes a while. */
const AHEAD = 8;

/** @param {MessagePort} port @returns {ReadableStream<Uint8Array>} */
function bodyOf(port) {
    let asked = 0;
    return new ReadableStream(
        {
            start(controller) {
                port.onmessage = ({ data }) => {
                    asked--;
                    if (data === "end") controller.close();
                    else if (data instanceof Uint8Array) controller.enqueue(data);
                    else controller.error(new TypeError(data.failed));
                };
            },
            pull({ desiredSize }) {
                for (; asked < (desiredSize ?? 0); asked++) port.postMessage("pull");
            },
            cancel() {
                port.onmessage = null;
                port.postMessage("cancel");
            },
        },
        { highWaterMark: AHEAD },
    );
}

/** @param {string} text */
const escaped = (text) => text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A page of words for a frame that nobody can fill. @param {string} text
 * @param {string} url */
function failure(text, url) {
    const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
    const page = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>The tunnel is down</title>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em">
<h1 style="font-size: 1.3em">The tunnel does not get there</h1>
<p>${escaped(text)}</p>
<p><a href="${escaped(url)}">Try again</a></p>`;
    return new Response(page, { status: 502, headers });
}

/** @param {FetchEvent} event */
async function throughTunnel({ request }) {
    const page = await findHolder();
    const { url, method } = request;
    const isNavigation = request.mode === "navigate";
    // To an EventSource any answer is the last word; what is broken it tries again.
    const broken = (/** @type {string} */ text) =>
        isNavigation ? failure(text, url) : Response.error();
    if (!page) return broken("No page holds it any more: open the link again.");
    const { port1: port, port2 } = new MessageChannel();
    const body = ["GET", "HEAD"].includes(method) ? null : await request.blob();
    const answered = new Promise(
        (/** @type {(data: any) => void} */ resolve) =>
            (port.onmessage = ({ data }) => resolve(data)),
    );
    request.signal.addEventListener("abort", () => port.postMessage("cancel"));
    const headers = [...request.headers];
    page.postMessage({ url, method, headers, body, isNavigation }, [port2]);
    const head = await answered;
    if (head.failed !== undefined) return broken(head.failed);
    const { status, statusText } = head;
    const content = head.isEmpty ? null : bodyOf(port);
    return new Response(content, { status, statusText, headers: head.headers });
}

worker.addEventListener("fetch", (event) => {
    if (new URL(event.request.url).origin !== worker.location.origin) return;
    event.respondWith(
        isOfApp(event).then((isApp) => (isApp ? throughTunnel(event) : fetch(event.request))),
    );
});
