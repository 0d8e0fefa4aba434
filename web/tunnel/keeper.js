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
import { KeeperReport, reasonOf } from "./keeper_report.js";
import { Negotiation } from "./negotiation.js";
import { SealedTalk } from "./sealed_talk.js";
import { Session, isUsable } from "./session.js";
import { Signal } from "./signal.js";
import { Standing } from "./standing.js";
import { StreamError, tunnelError } from "./stream_error.js";
import { Waiters } from "./waiters.js";
import { watchMachine } from "./wake_watch.js";

/** @typedef {import("./signal.js").SignalMessage} SignalMessage */

// In ms.
const REQUEST_PATIENCE = 10_000; // a request that waits for a session
const SHUT_OUT = 300_000;

const REVOKED = "this device's invite was revoked, or has expired";

/**
 * @typedef {object} KeeperConfig
 * @property {import("./link.js").Link} link
 * @property {string} room
 * @property {RTCConfiguration} rtc
 * @property {(status: import("./keeper_report.js").Status) => void} onstatus
 */

export class Keeper {
    /** @type {Signal | null} */
    #signal = null;
    #isJoined = false;
    /** @type {Negotiation | null} */
    #negotiation = null;
    #standing = new Standing({
        onchange: () => this.#onStandingChange(),
        onrestart: (session, peerId) =>
            this.#talk.knows(peerId) ? this.#offer(session, peerId) : this.#hurry(),
        onhopeless: () => this.#return(0),
        onpathless: (session, text) => this.#onClosed(session, text),
    });
    #waiters = new Waiters();
    #visitBackoff = new Backoff(500, 30_000);
    #refusals = new Backoff(60_000, SHUT_OUT); // of who is not answered, from the second time on
    #wasRefused = false;
    #trouble = ""; // why the last visit or negotiation ended
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #visitTimer;
    #isClosed = false;
    #talk;
    #reporter;
    #key = crypto.randomUUID(); // so that we are not kept out by our own dead socket
    #watch = new AbortController();

    /** @param {KeeperConfig} config */
    constructor(config) {
        this.config = config;
        this.#talk = new SealedTalk(config.link);
        this.#reporter = new KeeperReport(config.onstatus);
        const onelsewhere = () => this.#doubt();
        const onseen = () => {
            this.#standing.ask();
            this.#hurry();
        };
        watchMachine({ onelsewhere, onseen }, this.#watch.signal);
        this.#visit();
    }

    /** The session that stands; waits for one that is there, or while there is
     * reason to doubt that it is.
     * @param {number} [patience] @returns {Promise<Session>} */
    async session(patience = REQUEST_PATIENCE) {
        const { session, isBelieved } = this.#standing;
        if (this.#isClosed) throw tunnelError(StreamError.SESSION, "the tunnel is closed");
        if (session && isBelieved) return session;
        return this.#waiters.wait(patience, () => this.reason());
    }

    /** Why there is no session, in words for people. */
    reason() {
        if (this.#isClosed) return "the tunnel is closed";
        if (this.#standing.session) return "the other side does not answer";
        return reasonOf(this.#situation());
    }

    /** @param {string} [text] */
    close(text = "the tunnel is closed") {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#watch.abort();
        this.#leave();
        clearTimeout(this.#visitTimer);
        this.#dropNegotiation();
        this.#standing.close(text);
        this.#waiters.fail(text);
        this.#reporter.tell({ state: "closed", text, path: null });
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
        this.#talk.forgetAll();
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

    /** @param {SignalMessage & {resumed?: boolean}} message */
    #onMessage(message) {
        const { type, peerId = "" } = message;
        if (type === "joined") {
            this.#isJoined = true;
            const hasWork = this.#standing.session || this.#negotiation;
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
            this.#talk.hear(message, (...opened) => this.#take(...opened));
        }
    }

    /** @param {SignalMessage} message */
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
        this.#talk.forget(peerId);
        if (this.#negotiation?.peerId === peerId && !this.#negotiation.isAnswered)
            this.#dropNegotiation();
        this.#standing.ask();
        this.#report();
    }

    // --- negotiations ---

    /** @param {string} peerId */
    #meet(peerId) {
        this.#talk.meet(peerId);
        this.#standing.ask(); // it may be another process of the same provider
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
            onalive: () => this.#standing.onAlive(session),
            onmeasured: () => this.#report(),
            oncandidate: (_, candidate) =>
                this.#say(this.#peerOf(session), "candidate", candidate, session),
            onpath: (_, state) => this.#standing.onPath(session, state),
            onidle: () => this.#standing.onIdle(session),
            onwake: () => session === this.#standing.session && this.#doubt(),
            onclosed: (_, text) => this.#onClosed(session, text),
        });
        const onoverdue = () => this.#onOverdue();
        this.#negotiation = new Negotiation(session, peerId, isOfferer, onoverdue);
        return session;
    }

    #dropNegotiation() {
        const negotiation = this.#negotiation;
        this.#negotiation = null;
        negotiation?.drop();
    }

    #onOverdue() {
        const isRefused = this.#negotiation?.isAnswered === false && !this.#standing.session;
        this.#trouble = reasonOf(this.#situation());
        const isSecond = isRefused && this.#wasRefused;
        this.#wasRefused = isRefused;
        this.#return(isSecond ? this.#refusals.next() : undefined);
    }

    /** @param {Session} session */
    #peerOf(session) {
        if (this.#negotiation?.session === session) return this.#negotiation.peerId;
        return this.#standing.session === session ? this.#standing.peerId : "";
    }

    /** @param {Session} session */
    #onReady(session) {
        if (this.#negotiation?.session !== session) return;
        const { peerId } = this.#negotiation;
        this.#negotiation.finish();
        this.#negotiation = null;
        this.#trouble = "";
        this.#wasRefused = false;
        this.#refusals.reset();
        this.#standing.succeed(session, peerId);
    }

    #onStandingChange() {
        const { session, isBelieved } = this.#standing;
        if (session && isBelieved) this.#waiters.serve(session);
        this.#report();
    }

    /** @param {Session} session @param {string} text */
    #onClosed(session, text) {
        const isStill = this.#talk.knows(this.#standing.peerId);
        const wasCurrent = this.#standing.onClosed(session);
        const wasNegotiated = this.#negotiation?.session === session;
        if (!wasCurrent && !wasNegotiated) return;
        this.#trouble = text;
        if (wasNegotiated) this.#dropNegotiation();
        if (wasCurrent && this.#standing.wasCalm) this.#visitBackoff.reset();
        if (text.includes(REVOKED)) this.#return(SHUT_OUT);
        // Who is gone comes back by itself; who is there is met anew.
        else if ((wasNegotiated || isStill) && !this.#negotiation && this.#signal) this.#return();
        this.#report();
    }

    /** The machine has slept, or is elsewhere. */
    #doubt() {
        this.#standing.ask();
        this.#standing.restart();
        this.#hurry();
    }

    // --- what is said and heard ---

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
        this.#talk.say(peerId, type, text, session, (message) =>
            this.#signal?.say(peerId, message),
        );
    }

    /** @param {string} peerId @param {import("./seal.js").SealType} type
     * @param {string} text */
    async #take(peerId, type, text) {
        if (this.#isClosed) return;
        if (type === "candidate") {
            for (const session of [this.#negotiation?.session, this.#standing.session])
                await session?.addCandidate(text);
        } else if (isUsable(text)) {
            if (type === "offer") await this.#takeOffer(peerId, text);
            else await this.#takeAnswer(peerId, text);
        }
    }

    /** @param {string} peerId @param {string} sdp */
    async #takeAnswer(peerId, sdp) {
        const session = this.#talk.takeOffered(peerId);
        if (!session) return;
        if (session.hasAnswer && !session.owns(sdp)) return this.#return(0); // it cannot restart
        if (this.#negotiation?.session === session) this.#negotiation.isAnswered = true;
        await session.takeAnswer(sdp);
    }

    /** To restart the session that stands, or another session.
     * @param {string} peerId @param {string} sdp */
    async #takeOffer(peerId, sdp) {
        const standing = this.#standing;
        const current = standing.session?.owns(sdp) ? standing.session : null;
        if (current?.isOfferer && current.hasOfferOut) {
            this.#offer(current, peerId); // they crossed, and ours counts
            return;
        }
        if (current) {
            this.#dropNegotiation();
            standing.peerId = peerId;
        }
        if (!current && this.#negotiation?.crosses(peerId)) return;
        const session = current ?? this.#negotiate(peerId, false);
        const answer = await session.answer(sdp);
        if (answer) this.#say(peerId, "answer", answer, session);
    }

    // --- what is told ---

    #situation() {
        const [trouble, isJoined, negotiation] = [this.#trouble, this.#isJoined, this.#negotiation];
        return { trouble, isJoined, negotiation };
    }

    #report() {
        if (!this.#isClosed) this.#reporter.tellOf(this.#standing, this.#situation());
    }
}
