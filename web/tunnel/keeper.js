// How the two ends find each other, and how they keep each other: the consumer's
// policy, in a sealed room, where it makes every first offer.
//
//              nobody there              somebody comes, or is there
//   connecting ────────────► waiting ──────────────────► negotiating ────► up
//       ▲                       ▲                            │              │
//       └── after a pause ──────┴── unanswered, failed ◄─────┘   lost ◄─────┘
//
// Signalling and sessions live apart: a session goes on while the signal server
// is away. A path that is silent is restarted; when that does not help, the room
// is left and joined again, and whoever is there is offered a new session, which
// replaces the old one once it is ready. A provider whose session with us stands
// answers that by an offer to restart instead.

import { Backoff } from "./backoff.js";
import { Contact, Seal } from "./seal.js";
import { Session, isUsable } from "./session.js";
import { Signal } from "./signal.js";
import { StreamError, tunnelError } from "./stream_error.js";

// In ms.
const NEGOTIATION = 30_000; // from its first step to a session that is ready
const RESTART = 10_000; // an ICE restart that brings no path
const PATHLESS = 30_000; // a session without any path
const REQUEST_PATIENCE = 10_000; // a request that waits for a session
const CROSSING = 1_000; // an offer that came so soon behind ours was not made for it
const CALM = 10_000; // a session after which all is well
const SHUT_OUT = 300_000;

const REVOKED = "this device's invite was revoked, or has expired";

/**
 * @typedef {object} Status
 * @property {"connecting" | "connected" | "interrupted" | "closed"} state
 * @property {string} text  for people: why it is so, and what helps
 * @property {"direct" | "relayed" | null} path  how it travels, while connected
 */

/**
 * @typedef {object} Peer  a member of the room
 * @property {Contact} contact
 * @property {Session | null} offered  whose offer it was last sent
 */

/**
 * @typedef {object} Negotiation  of the next session
 * @property {Session} session
 * @property {string} peerId
 * @property {boolean} isAnswered
 * @property {number} begunAt
 * @property {ReturnType<typeof setTimeout>} timer
 */

/**
 * @typedef {object} KeeperConfig
 * @property {import("./link.js").Link} link
 * @property {string} room
 * @property {RTCConfiguration} rtc
 * @property {(status: Status) => void} onstatus
 */

export class Keeper {
    /** @type {Signal | null} */
    #signal = null;
    #isJoined = false;
    /** @type {Map<string, Peer>} */
    #peers = new Map();
    /** @type {Negotiation | null} */
    #negotiation = null;
    /** @type {{session: Session, peerId: string, upAt: number} | null} */
    #current = null;
    /** @type {Set<Session>} */
    #draining = new Set();
    #visitBackoff = new Backoff(500, 30_000);
    #refusals = new Backoff(60_000, SHUT_OUT); // of who is not answered, from the second time on
    #wasRefused = false;
    #trouble = ""; // why the last visit or negotiation ended
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #visitTimer;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #restartTimer;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #pathlessTimer;
    /** @type {Set<{resolve: (session: Session) => void, reject: (error: Error) => void}>} */
    #waiters = new Set();
    #last = Promise.resolve(); // what is said and heard comes one after the other
    #told = "";
    #isClosed = false;
    #seal;
    #key = crypto.randomUUID(); // so that we are not kept out by our own dead socket
    #watch = new AbortController();

    /** @param {KeeperConfig} config */
    constructor(config) {
        this.config = config;
        this.#seal = new Seal(config.link);
        this.#watchMachine();
        this.#visit();
    }

    /** The session that stands; waits for one.
     * @param {number} [patience] @returns {Promise<Session>} */
    session(patience = REQUEST_PATIENCE) {
        if (this.#current) return Promise.resolve(this.#current.session);
        if (this.#isClosed)
            return Promise.reject(tunnelError(StreamError.SESSION, "the tunnel is closed"));
        return new Promise((resolve, reject) => {
            const waiter = { resolve, reject };
            this.#waiters.add(waiter);
            if (patience === Infinity) return;
            setTimeout(() => {
                if (this.#waiters.delete(waiter))
                    reject(tunnelError(StreamError.SESSION, this.reason()));
            }, patience);
        });
    }

    /** Why there is no session, in words for people. */
    reason() {
        if (this.#isClosed) return "the tunnel is closed";
        if (!this.#isJoined) return this.#trouble || "the signal server does not answer";
        if (!this.#negotiation) return "the other side is not there: is `tunnel serve` running?";
        if (!this.#negotiation.isAnswered)
            return "the other side does not answer this link; it may have been revoked, or have expired";
        return "there is no path to the other side yet: both networks may need a TURN server";
    }

    /** What is being done about it. */
    #progress() {
        if (this.#trouble) return this.#trouble;
        if (!this.#isJoined) return "connecting to the signal server";
        return this.#negotiation ? "connecting to the other side" : this.reason();
    }

    /** @param {string} [text] */
    close(text = "the tunnel is closed") {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#watch.abort();
        this.#leave();
        clearTimeout(this.#visitTimer);
        this.#dropNegotiation();
        for (const session of this.#draining) session.close(text);
        this.#current?.session.close(text);
        this.#current = null;
        this.#settle();
        for (const { reject } of this.#waiters) reject(tunnelError(StreamError.SESSION, text));
        this.#waiters.clear();
        this.#tell({ state: "closed", text, path: null });
    }

    // --- the visit ---

    #visit() {
        clearTimeout(this.#visitTimer);
        this.#leave();
        const { link, room } = this.config;
        this.#signal = new Signal(
            link.signal,
            { room, key: this.#key },
            {
                onmessage: (message) => this.#onMessage(message),
                onlost: (text) => {
                    this.#trouble = text;
                    this.#return();
                },
            },
        );
        this.#report();
    }

    #leave() {
        this.#signal?.leave();
        this.#signal = null;
        this.#isJoined = false;
        this.#peers.clear();
    }

    /** Leaves the room and comes back. @param {number} [pause] */
    #return(pause = this.#visitBackoff.next()) {
        this.#leave();
        this.#dropNegotiation();
        clearTimeout(this.#visitTimer);
        this.#visitTimer = setTimeout(() => this.#visit(), pause);
        this.#report();
    }

    /** Now, unless we are there. */
    #hurry() {
        if (this.#isClosed || this.#signal) return;
        this.#visitBackoff.reset();
        this.#visit();
    }

    /** @param {import("./signal.js").SignalMessage & {resumed?: boolean}} message */
    #onMessage(message) {
        const { type, peerId = "" } = message;
        if (type === "joined") {
            this.#isJoined = true;
            const hasWork = this.#current || this.#negotiation;
            for (const peer of message.peers ?? [])
                if (!message.resumed || !hasWork) this.#meet(peer);
            this.#report();
        } else if (type === "peer-joined") {
            this.#meet(peerId);
        } else if (type === "peer-left") {
            this.#onPeerLeft(peerId);
        } else if (type === "error") {
            this.#onError(message);
        } else {
            this.#inTurn(() => this.#hear(message));
        }
    }

    /** @param {import("./signal.js").SignalMessage} message */
    #onError({ code, message }) {
        if (this.#isJoined) return;
        const isFull = code === "room-full" || /full/.test(message ?? "");
        this.#trouble = isFull
            ? "another device is connected by this provider's links, and only one at a time can be"
            : `the signal server refuses: ${message}`;
        this.#return();
    }

    /** Its socket is gone, which is a rumour: it may live. @param {string} peerId */
    #onPeerLeft(peerId) {
        this.#peers.delete(peerId);
        if (this.#negotiation?.peerId === peerId && !this.#negotiation.isAnswered)
            this.#dropNegotiation();
        this.#current?.session.probe();
        this.#report();
    }

    // --- negotiations ---

    /** @param {string} peerId */
    #meet(peerId) {
        this.#peers.set(peerId, { contact: new Contact(), offered: null });
        this.#current?.session.probe(); // it may be another process of the same provider
        const session = this.#negotiate(peerId, true);
        this.#offer(session, peerId);
        this.#report();
    }

    /** @param {string} peerId @param {boolean} isOfferer */
    #negotiate(peerId, isOfferer) {
        this.#dropNegotiation();
        /** @type {Session} */
        const session = new Session(this.config.rtc, isOfferer, {
            onready: () => this.#onReady(session),
            onmeasured: () => this.#report(),
            oncandidate: (_, candidate) =>
                this.#say(this.#peerOf(session), "candidate", candidate, session),
            onpath: (_, state) => this.#onPath(session, state),
            onidle: () => this.#draining.has(session) && this.#endDraining(session),
            onwake: () => session === this.#current?.session && this.#doubt(),
            onclosed: (_, text) => this.#onClosed(session, text),
        });
        const timer = setTimeout(() => this.#onOverdue(), NEGOTIATION);
        const begunAt = performance.now();
        this.#negotiation = { session, peerId, isAnswered: !isOfferer, begunAt, timer };
        return session;
    }

    #dropNegotiation() {
        const negotiation = this.#negotiation;
        if (!negotiation) return;
        this.#negotiation = null;
        clearTimeout(negotiation.timer);
        negotiation.session.close("another session is made");
    }

    #onOverdue() {
        const isRefused = this.#negotiation?.isAnswered === false && !this.#current;
        this.#trouble = this.reason();
        const isSecond = isRefused && this.#wasRefused;
        this.#wasRefused = isRefused;
        this.#return(isSecond ? this.#refusals.next() : undefined);
    }

    /** @param {Session} session */
    #peerOf(session) {
        if (this.#negotiation?.session === session) return this.#negotiation.peerId;
        return this.#current?.session === session ? this.#current.peerId : "";
    }

    /** @param {Session} session */
    #onReady(session) {
        if (this.#negotiation?.session !== session) return;
        const { peerId, timer } = this.#negotiation;
        clearTimeout(timer);
        this.#negotiation = null;
        this.#settle();
        if (this.#current) this.#drain(this.#current.session);
        this.#current = { session, peerId, upAt: performance.now() };
        this.#trouble = "";
        this.#wasRefused = false;
        this.#refusals.reset();
        for (const { resolve } of this.#waiters) resolve(session);
        this.#waiters.clear();
        this.#report();
    }

    /** Another has taken over: it ends what it has begun. @param {Session} session */
    #drain(session) {
        if (session.mux.streams.size === 0) session.close("another session has taken over");
        else {
            this.#draining.add(session);
            session.probe();
        }
    }

    /** @param {Session} session */
    #endDraining(session) {
        this.#draining.delete(session);
        // It may be under a callback of that very session.
        queueMicrotask(() => session.close("another session has taken over"));
    }

    /** @param {Session} session @param {string} text */
    #onClosed(session, text) {
        this.#draining.delete(session);
        const isCurrent = this.#current?.session === session;
        const wasNegotiated = this.#negotiation?.session === session;
        if (!isCurrent && !wasNegotiated) return;
        this.#trouble = text;
        if (wasNegotiated) this.#dropNegotiation();
        const isStill = isCurrent && this.#peers.has(this.#current?.peerId ?? "");
        if (isCurrent) {
            if (performance.now() - (this.#current?.upAt ?? 0) > CALM) this.#visitBackoff.reset();
            this.#current = null;
            this.#settle();
        }
        if (text.includes(REVOKED)) this.#return(SHUT_OUT);
        // Who is gone comes back by itself; who is there is met anew.
        else if ((isStill || wasNegotiated) && !this.#negotiation && this.#signal) this.#return();
        this.#report();
    }

    // --- another path ---

    /** @param {Session} session @param {import("./session.js").PathState} state */
    #onPath(session, state) {
        if (session !== this.#current?.session) return;
        if (state === "works") {
            this.#settle();
        } else {
            this.#pathlessTimer ??= setTimeout(() => {
                session.close("the path to the other side is gone");
                this.#onClosed(session, "the path to the other side is gone");
            }, PATHLESS);
            this.#restart();
        }
        this.#report();
    }

    #settle() {
        clearTimeout(this.#restartTimer);
        clearTimeout(this.#pathlessTimer);
        this.#restartTimer = this.#pathlessTimer = undefined;
    }

    #restart() {
        const current = this.#current;
        if (!current || this.#restartTimer !== undefined) return;
        this.#restartTimer = setTimeout(() => {
            this.#restartTimer = undefined;
            const { iceConnectionState } = current.session.connection;
            if (
                current === this.#current &&
                !["connected", "completed"].includes(iceConnectionState)
            )
                this.#return(0);
        }, RESTART);
        if (this.#peers.has(current.peerId)) this.#offer(current.session, current.peerId);
        else this.#hurry();
    }

    /** The machine has slept, or is elsewhere. */
    #doubt() {
        this.#current?.session.probe();
        this.#restart();
        this.#hurry();
    }

    #watchMachine() {
        const { signal } = this.#watch;
        const doubt = () => this.#doubt();
        globalThis.addEventListener?.("online", doubt, { signal });
        /** @type {any} */ (globalThis.navigator)?.connection?.addEventListener("change", doubt, {
            signal,
        });
        globalThis.document?.addEventListener(
            "visibilitychange",
            () => {
                if (document.visibilityState !== "visible") return;
                this.#current?.session.probe();
                this.#hurry();
            },
            { signal },
        );
    }

    // --- what is said and heard ---

    /** @param {() => Promise<void>} operation */
    #inTurn(operation) {
        this.#last = this.#last.then(operation).catch((error) => console.warn("tunnel:", error));
    }

    /** @param {Session} session @param {string} peerId */
    async #offer(session, peerId) {
        try {
            const sdp = await session.offer();
            if (sdp && this.#peerOf(session)) this.#say(peerId, "offer", sdp, session);
        } catch (error) {
            if (this.#peerOf(session)) console.warn("tunnel:", error);
        }
    }

    /** @param {string} peerId @param {import("./seal.js").SealType} type
     * @param {string} text @param {Session} session */
    #say(peerId, type, text, session) {
        this.#inTurn(async () => {
            const peer = this.#peers.get(peerId);
            const sealed = peer && (await this.#seal.wrap(peer.contact, type, text));
            if (!sealed || this.#isClosed) return;
            if (type === "offer") peer.offered = session;
            this.#signal?.say(peerId, {
                type,
                [type === "candidate" ? "candidate" : "sdp"]: sealed,
            });
        });
    }

    /** @param {import("./signal.js").SignalMessage} message */
    async #hear(message) {
        const { peerId = "", sdp, candidate } = message;
        const type = /** @type {import("./seal.js").SealType} */ (message.type);
        const peer = this.#peers.get(peerId);
        if (!peer || this.#isClosed) return;
        const opened = await this.#seal.open(
            peer.contact,
            type,
            (type === "candidate" ? candidate : sdp) ?? "",
        );
        if ("verdict" in opened) {
            console.debug(`tunnel: dropped what came as ${type}: it is ${opened.verdict}`);
        } else if (type === "candidate") {
            for (const session of [this.#negotiation?.session, this.#current?.session])
                await session?.addCandidate(opened.text);
        } else if (isUsable(opened.text)) {
            if (type === "offer") await this.#takeOffer(peerId, opened.text);
            else await this.#takeAnswer(peerId, peer, opened.text);
        }
    }

    /** @param {string} peerId @param {Peer} peer @param {string} sdp */
    async #takeAnswer(peerId, peer, sdp) {
        const session = peer.offered;
        peer.offered = null;
        if (!session) return;
        if (session.hasAnswer && !session.owns(sdp)) return this.#return(0); // it cannot restart
        if (this.#negotiation?.session === session) this.#negotiation.isAnswered = true;
        await session.takeAnswer(sdp);
    }

    /** To restart the session that stands, or another session.
     * @param {string} peerId @param {string} sdp */
    async #takeOffer(peerId, sdp) {
        const current = this.#current;
        const isRestart = current?.session.owns(sdp) ?? false;
        if (current && isRestart && current.session.isOfferer && current.session.hasOfferOut) {
            this.#offer(current.session, peerId); // they crossed, and ours counts
            return;
        }
        if (current && isRestart) {
            this.#dropNegotiation();
            current.peerId = peerId;
        }
        // First offers cross, and the consumer's counts.
        const ours = this.#negotiation;
        const isOut = ours?.peerId === peerId && !ours.isAnswered;
        if (!isRestart && isOut && performance.now() - ours.begunAt < CROSSING) return;
        const session = current && isRestart ? current.session : this.#negotiate(peerId, false);
        const answer = await session.answer(sdp);
        if (answer) this.#say(peerId, "answer", answer, session);
    }

    // --- what is told ---

    /** @param {Status} status */
    #tell(status) {
        const told = JSON.stringify(status);
        if (told === this.#told) return;
        this.#told = told;
        this.config.onstatus(status);
    }

    async #report() {
        if (this.#isClosed) return;
        const session = this.#current?.session;
        if (!session)
            return this.#tell({ state: "connecting", text: this.#progress(), path: null });
        const state = session.connection.iceConnectionState;
        if (state === "disconnected" || state === "failed") {
            this.#tell({
                state: "interrupted",
                text: "another path to the other side is looked for",
                path: null,
            });
            return;
        }
        const path = await session.path();
        if (session === this.#current?.session && !this.#isClosed)
            this.#tell({ state: "connected", text: `connected, ${path}`, path });
    }
}
