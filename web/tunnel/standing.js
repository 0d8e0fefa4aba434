// The session that takes requests, and those that it has replaced, which end what
// they have begun. As src/tunnel/standing.c, with its doubt and its restart.
//
//               a rumour, a newcomer, a sleep, a silent path
//   believed ────────────────────────────────────────────────► in doubt
//      ▲                                                           │
//      └──── its answer, a path that works, another session ◄──────┘
//
// While in doubt, requests that begin wait, as they do without a session; what
// has begun goes on.

/** @typedef {import("./session.js").Session} Session */

// In ms.
const RESTART = 10_000; // an ICE restart that brings no path
const PATHLESS = 30_000; // a session without any path
const CALM = 10_000; // a session after which all is well

/**
 * @typedef {object} StandingHandlers
 * @property {() => void} onchange  believed, or not
 * @property {(session: Session, peerId: string) => void} onrestart  ICE is to be
 *     restarted
 * @property {() => void} onhopeless  which has not helped
 * @property {(session: Session, text: string) => void} onpathless  it is closed,
 *     for that reason
 */

export class Standing {
    /** @type {Session | null} */
    session = null;
    peerId = ""; // of the other side, in the room
    #upAt = 0;
    #isAsked = false; // and has not answered
    #hasPath = false;
    /** @type {Set<Session>} */
    #draining = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #restartTimer;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #pathlessTimer;

    /** @param {StandingHandlers} handlers */
    constructor(handlers) {
        this.handlers = handlers;
    }

    get isBelieved() {
        return this.session !== null && this.#hasPath && !this.#isAsked;
    }

    get hasPath() {
        return this.session !== null && this.#hasPath;
    }

    /** After which a lost session is no sign that something is wrong. */
    get wasCalm() {
        return performance.now() - this.#upAt > CALM;
    }

    /** It is ready, and takes over. @param {Session} session @param {string} peerId */
    succeed(session, peerId) {
        const old = this.session;
        this.#settle();
        this.session = session;
        this.peerId = peerId;
        this.#upAt = performance.now();
        this.#hasPath = true;
        this.#isAsked = false;
        if (old) this.#drain(old);
        this.handlers.onchange();
    }

    /** Asks the other side whether it is there. */
    ask() {
        // Once: asked again and again, it would have time again and again.
        if (!this.session || this.#isAsked) return;
        this.#isAsked = true;
        this.session.probe();
        this.handlers.onchange();
    }

    /** What ask() asked is answered. @param {Session} session */
    onAlive(session) {
        if (session !== this.session) return;
        this.#isAsked = false;
        this.handlers.onchange();
    }

    /** @param {Session} session @param {import("./session.js").PathState} state */
    onPath(session, state) {
        if (session !== this.session) return;
        this.#hasPath = state === "works";
        if (this.#hasPath) {
            this.#settle();
        } else {
            this.#pathlessTimer ??= setTimeout(() => this.#onPathless(), PATHLESS);
            this.restart();
        }
        this.handlers.onchange();
    }

    /** Has another path looked for. */
    restart() {
        if (!this.session || this.#restartTimer !== undefined) return;
        const { session } = this;
        this.#restartTimer = setTimeout(() => {
            this.#restartTimer = undefined;
            const isUp = ["connected", "completed"].includes(session.connection.iceConnectionState);
            if (session === this.session && !isUp) this.handlers.onhopeless();
        }, RESTART);
        this.handlers.onrestart(session, this.peerId);
    }

    /** A session has no stream left. @param {Session} session */
    onIdle(session) {
        if (!this.#draining.delete(session)) return;
        // It may be under a callback of that very session.
        queueMicrotask(() => session.close("another session has taken over"));
    }

    /** It has ended by itself. True: it was the one that stands.
     * @param {Session} session */
    onClosed(session) {
        this.#draining.delete(session);
        if (session !== this.session) return false;
        this.session = null;
        this.#settle();
        return true;
    }

    /** @param {string} text */
    close(text) {
        for (const session of this.#draining) session.close(text);
        this.session?.close(text);
        this.session = null;
        this.#settle();
    }

    #onPathless() {
        const { session } = this;
        const text = "the path to the other side is gone";
        session?.close(text);
        if (session) this.handlers.onpathless(session, text);
    }

    /** @param {Session} session */
    #drain(session) {
        if (session.mux.streams.size === 0) session.close("another session has taken over");
        else {
            this.#draining.add(session);
            session.probe();
        }
    }

    #settle() {
        clearTimeout(this.#restartTimer);
        clearTimeout(this.#pathlessTimer);
        this.#restartTimer = this.#pathlessTimer = undefined;
    }
}
