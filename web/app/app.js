// The page: it holds the tunnel, and the provider's app runs in a frame of it.
//
//   app in the frame ── fetch ──► worker.js ── a port ──► exchange.js ──► tunnel
//
// Each request of the frame comes to the service worker, which has no WebRTC, and
// hands it to this page. The app is of the same origin as this page.

import { connect } from "./tunnel/tunnel.js";
import { answer } from "./exchange.js";

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

const line = element("line");
const ask = element("ask");
const field = /** @type {HTMLInputElement} */ (element("link"));
const frame = /** @type {HTMLIFrameElement} */ (element("app"));
const forget = element("forget");
const KEPT = "tunnel link";

/** @param {import("../tunnel/tunnel.js").Status} status */
function show({ state, text }) {
    line.textContent = text;
    line.dataset.state = state;
    line.classList.toggle("needed", state !== "connected");
}

/** The link of this address, or the one that was kept; null for none. It leaves
 * the address, so that it does not stand there for all to see. */
function findLink() {
    if (location.hash.length > 1) {
        localStorage.setItem(KEPT, location.href);
        history.replaceState(null, "", location.pathname);
    }
    return localStorage.getItem(KEPT);
}

/** @param {string} why */
function askForLink(why) {
    line.textContent = "no tunnel";
    element("wrong").textContent = why;
    ask.hidden = false;
    frame.hidden = forget.hidden = true;
}

/** The worker answers requests of the frame once it is active. */
async function startWorker() {
    if (!navigator.serviceWorker)
        throw new TypeError(
            "the page needs service workers: it must come by https, in no private window",
        );
    const registration = await navigator.serviceWorker.register("./worker.js");
    await navigator.serviceWorker.ready;
    return registration;
}

/** @param {string} link */
async function open(link) {
    ask.hidden = true;
    forget.hidden = false;
    const [tunnel, registration] = await Promise.all([
        connect(link, { onstatus: show, timeout: Infinity, iceServers: iceServers() }),
        startWorker(),
    ]);
    // For the frame's own use: see shim() of worker.js.
    Object.assign(globalThis, { tunnelWebSocket: tunnel.WebSocket });
    navigator.serviceWorker.onmessage = ({ data, ports }) => answer(tunnel, data, ports[0]);
    navigator.serviceWorker.startMessages();
    registration.active?.postMessage("hold");
    frame.src = "./";
    frame.hidden = false;
}

/** Without STUN on this machine itself, where it says nothing. */
function iceServers() {
    return location.hostname === "127.0.0.1" || location.hostname === "localhost" ? [] : undefined;
}

async function start() {
    const link = findLink();
    if (!link) return askForLink("");
    try {
        await open(link);
    } catch (error) {
        localStorage.removeItem(KEPT);
        askForLink(error instanceof Error ? error.message : `${error}`);
    }
}

ask.addEventListener("submit", (event) => {
    event.preventDefault();
    localStorage.setItem(KEPT, field.value);
    start();
});
forget.addEventListener("click", () => {
    localStorage.removeItem(KEPT);
    location.reload();
});
addEventListener("hashchange", () => location.reload());
start();
