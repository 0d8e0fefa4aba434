// The page: it holds the tunnel, and the provider's app runs in a frame of it.
//
//   app in the frame ── fetch ──► worker.js ── a port ──► exchange.js ──► tunnel
//
// Each request of the frame comes to the service worker, which has no WebRTC, and
// hands it to this page. The app is of the same origin as this page.

import { hex } from "./tunnel/bytes.js";
import { parseLink } from "./tunnel/link.js";
import { connect } from "./tunnel/tunnel.js";
import { Jar } from "./cookie_jar.js";
import { Exchanges } from "./exchange.js";
import { hold } from "./holding.js";
import { areAnothers, areFrom, removeKeepsakes } from "./keepsakes.js";
import { emptyVault, openVault } from "./vault.js";

/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));

const line = element("line");
const field = /** @type {HTMLInputElement} */ (element("link"));
const frame = /** @type {HTMLIFrameElement} */ (element("app"));
const KEPT = "tunnel link";
const NAME = document.title;

/** What there is besides the line on top. @param {"ask" | "other" | "away" | "app" | ""} id */
function present(id) {
    for (const part of ["ask", "other", "away", "app"]) element(part).hidden = part !== id;
    element("forget").hidden = id === "ask";
}

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
    present("ask");
}

/** Once that worker is in use, or will never be. @param {ServiceWorker} worker
 * @returns {Promise<void>} */
const settled = (worker) =>
    new Promise((resolve) => {
        const check = () => ["activated", "redundant"].includes(worker.state) && resolve();
        worker.onstatechange = check;
        check();
    });

/** The worker answers requests of the frame once it is active. One of before may be
 * of another version than this page. */
async function startWorker() {
    if (!navigator.serviceWorker)
        throw new TypeError(
            "the page needs service workers: it must come by https, in no private window",
        );
    const registration = await navigator.serviceWorker.register("./worker.js");
    if (registration.active) await registration.update().catch(() => {});
    const next = registration.installing ?? registration.waiting;
    if (next) await settled(next);
    await navigator.serviceWorker.ready;
    return registration;
}

/** The cookies of before, if they are of this provider. Where the browser keeps
 * nothing they are there until the page goes. @param {string} provider */
async function openJar(provider) {
    const vault = await openVault(provider).catch(console.warn);
    const jar = new Jar((kept) => vault?.keep(kept).catch(console.warn));
    if (vault?.text) jar.restore(vault.text);
    return jar;
}

/** Once somebody has pressed that. @param {string} id @returns {Promise<void>} */
const pressed = (id) =>
    new Promise((resolve) => {
        element(id).addEventListener("click", () => resolve(), { once: true });
    });

/** What another provider's app has kept here is not shown to this one unasked.
 * @param {string} provider */
async function keepApart(provider) {
    if (await areAnothers(provider)) {
        line.textContent = "another provider";
        present("other");
        const removed = pressed("remove").then(removeKeepsakes);
        await Promise.race([removed, pressed("keep")]);
    }
    areFrom(provider);
}

/** The worker knows from now on that it is this page that holds the tunnel: told
 * before the first request, which could overtake that.
 * @param {ServiceWorker} worker @returns {Promise<void>} */
const tellHeld = (worker) =>
    new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve();
        worker.postMessage("hold", [port2]);
    });

/** A file: the response, as one that the browser saves.
 * @param {Exchanges} exchanges @param {string} url @param {string} name */
function download(exchanges, url, name) {
    exchanges.expectFile(url, name);
    const hidden = document.createElement("iframe");
    hidden.hidden = true;
    hidden.src = url;
    document.body.append(hidden);
    setTimeout(() => hidden.remove(), 60_000); // by then it has begun
}

/** @param {string} link @param {string} provider  to whom it leads */
async function open(link, provider) {
    await keepApart(provider);
    present("");
    const [tunnel, registration, jar] = await Promise.all([
        connect(link, { onstatus: show, timeout: Infinity, iceServers: iceServers() }),
        startWorker(),
        openJar(provider),
    ]);
    const exchanges = new Exchanges(tunnel, jar);
    /** @type {import("./shim.js").PageForFrame} */
    const tunnelPage = {
        WebSocket: tunnel.WebSocket,
        Blob,
        jar,
        download: (url, name) => download(exchanges, url, name),
    };
    Object.assign(globalThis, { tunnelPage });
    let isHeld = true;
    navigator.serviceWorker.onmessage = ({ data, ports }) => {
        if (data !== "who") exchanges.answer(data, ports[0]);
        else if (isHeld) registration.active?.postMessage("hold");
    };
    navigator.serviceWorker.startMessages();
    if (registration.active) await tellHeld(registration.active);
    hold(() => {
        isHeld = false;
        frame.src = "about:blank";
        tunnel.close();
        line.textContent = "open in another window";
        present("away");
    });
    frame.onload = () => (document.title = frame.contentDocument?.title || NAME);
    frame.src = "./";
    present("app");
}

/** Without STUN on this machine itself, where it says nothing. */
function iceServers() {
    return location.hostname === "127.0.0.1" || location.hostname === "localhost" ? [] : undefined;
}

async function start() {
    // The page in its own frame: the worker was passed by, as a forced reload does.
    if (top !== window) return void (line.textContent = "reload the page");
    const link = findLink();
    if (!link) return askForLink("");
    const tell = (/** @type {unknown} */ error) =>
        askForLink(error instanceof Error ? error.message : `${error}`);
    const parsed = await parseLink(link).catch((error) => {
        localStorage.removeItem(KEPT);
        tell(error);
    });
    // What goes wrong with a good link may go better the next time.
    if (parsed) await open(link, hex(parsed.providerId)).catch(tell);
}

element("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    localStorage.setItem(KEPT, field.value);
    start();
});
element("forget").addEventListener("click", async () => {
    localStorage.removeItem(KEPT);
    await emptyVault();
    location.reload();
});
element("back").addEventListener("click", () => location.reload());
addEventListener("hashchange", () => location.reload());
start();
